"""The question before a tool runs: what is called, with what, and whether it may."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, TypeAlias

from chatrepl.core.outcome import Exactly
from chatrepl.core.tool_words import run_question, whole_call
from chatrepl.core.tools import Tool, ToolCall
from chatrepl.session.workbench import NO, Workbench

Apart: TypeAlias = Callable[[], AbstractContextManager[None]]
_LETTERS: Final = "yaNv"


@dataclass(slots=True)
class ToolConsent:
    """Asks about one call after the other, before any of them runs."""

    choose: Callable[[str, str], str]
    say: Callable[[Exactly], object]
    bench: Workbench
    _apart: Apart = nullcontext

    @contextmanager
    def asking(self, apart: Apart) -> Iterator[None]:
        """Ask while a reply is shown: `apart` leaves the terminal to a question."""
        self._apart, self.bench.agree = apart, self.agree
        try:
            yield
        finally:
            self._apart = nullcontext

    def stop(self) -> bool:
        """Stop the calls that run; tell whether any did."""
        return self.bench.stop()

    def agree(self, tool: Tool, call: ToolCall) -> str:
        """Ask whether a call may run; give what the model is told where it may not."""
        with self._apart():
            while (letter := self._answer(call)) == "v":
                self.say(Exactly(whole_call(tool, call)))
        if letter == "a":
            self.bench.always.add(tool.name)
        return "" if letter in {"y", "a"} else NO

    def _answer(self, call: ToolCall) -> str:
        return self.choose(run_question(call), _LETTERS).casefold()
