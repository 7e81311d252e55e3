"""What a session asks of the world when it comes to that: prices, and what is kept of talks.

Loaded then, and at once: a single shot's request waits for nothing of it.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from chatrepl.api.prices import price, rates
from chatrepl.cli.learned import LearnedFiles
from chatrepl.core.money import Rates
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.tokens.learned import Scale, scales_from_wire, scales_to_wire
from chatrepl.core.value import frozen
from chatrepl.core.world import NoRecorder, Recorder
from chatrepl.storage.paths import Folders
from chatrepl.storage.small_files import learn, read_facts

TOLD_FILE: Final = "told.json"


@frozen
class Outside:
    """The folders of this user; nothing is written to them unless `save`."""

    folders: Folders
    files: LearnedFiles
    save: bool

    def price(self, model: str, usage: Usage, when: float) -> Cost | None:
        return price(model, usage, when)

    def rates(self, model: str, tokens: int) -> Rates | None:
        return rates(model, time.time(), prompt_tokens=tokens)

    def scales(self) -> Mapping[str, Scale]:
        return scales_from_wire(self.files.scales())

    def keep_scales(self, scales: Mapping[str, Scale]) -> None:
        self.files.keep_scales(scales_to_wire(scales))

    def new_recorder(self) -> Recorder:
        """Begin to keep a new conversation, where there is a place for it."""
        from chatrepl.storage.journal import Journal  # a look at prices needs none

        folder = self.folders.conversations
        return Journal.new(folder) if self.save and folder is not None else NoRecorder()

    def first_today(self, what: str) -> bool:
        """Tell whether this was not asked before today, and remember that it was."""
        path = self.folders.cache / TOLD_FILE if self.folders.cache and self.save else None
        today = datetime.now(UTC).date().isoformat()
        is_first = bool(read_facts(path).get(what) != today)
        if is_first:
            learn(path, {what: today})
        return is_first
