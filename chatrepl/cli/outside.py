"""What a session asks of the world when it comes to that: prices, what is kept on disk.

Loaded then, and at once: a single shot's request waits for nothing of it.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chatrepl.api.prices import price, rates
from chatrepl.cli.assemble import LEARNED_FILE
from chatrepl.core.money import Rates
from chatrepl.core.talk.usage import Cost, Usage
from chatrepl.core.tokens.learned import Scale, scales_from_wire, scales_to_wire
from chatrepl.core.value import frozen
from chatrepl.core.world import NoRecorder, Recorder
from chatrepl.storage.journal import Journal
from chatrepl.storage.paths import Folders
from chatrepl.storage.small_files import learn, read_facts

SCALES_FILE: Final = "scales.json"


@frozen
class Outside:
    """The folders of this user; nothing is written to them unless `save`."""

    folders: Folders
    save: bool

    def price(self, model: str, usage: Usage, when: float) -> Cost | None:
        return price(model, usage, when)

    def rates(self, model: str, tokens: int) -> Rates | None:
        return rates(model, time.time(), prompt_tokens=tokens)

    def new_recorder(self) -> Recorder:
        """Begin to keep a new conversation, where there is a place for it."""
        folder = self.folders.conversations
        return Journal.new(folder) if self.save and folder is not None else NoRecorder()

    def learn(self, model: str, facts: Mapping[str, Any]) -> None:
        today = datetime.now(UTC).date().isoformat()
        self._keep(LEARNED_FILE, {model: {**facts, "learned": today}})

    def scales(self) -> Mapping[str, Scale]:
        return scales_from_wire(read_facts(self._file(SCALES_FILE)))

    def keep_scales(self, scales: Mapping[str, Scale]) -> None:
        self._keep(SCALES_FILE, scales_to_wire(scales))

    def _keep(self, name: str, facts: Mapping[str, Any]) -> None:
        if self.save:
            learn(self._file(name), facts)

    def _file(self, name: str) -> Path | None:
        return None if self.folders.state is None else self.folders.state / name
