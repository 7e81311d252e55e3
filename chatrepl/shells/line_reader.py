"""A line read from the prompt, whatever breaks while it is typed."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from chatrepl.shells.desk import WorkLoop
from chatrepl.shells.guard import Guard
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.prompt.values import PromptEntry

_MOST_BROKEN: Final = 3  # prompts in a row


@dataclass(slots=True)
class LineReader:
    """Reads from one prompt, and counts how often in a row it broke."""

    prompt: Prompt
    guard: Guard
    loop: WorkLoop
    _broken: int = field(default=0, init=False)

    def read(self, draft: str) -> tuple[PromptEntry | None, str]:
        """Let a line be typed; None where the prompt broke, with what was typed as the draft.

        Raises what broke it too often.
        """
        try:
            entry = self.prompt.read(self.loop.run, draft)
            self.prompt.clear()
        except (Exception, asyncio.CancelledError, KeyboardInterrupt) as bug:
            draft = self.prompt.draft or draft  # it may not have come so far
            self._broken += isinstance(bug, Exception)
            if self._broken > 1:  # it may be this very text that breaks it
                self.prompt.keep_draft()
                draft = ""
            if self._broken >= _MOST_BROKEN:
                raise
            self.guard.take(bug)
            return None, draft
        self._broken = 0
        return entry, ""
