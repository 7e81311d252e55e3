"""The question before a tool runs: what is called, with what, and whether it may."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, TypeAlias

from chatrepl.core.outcome import Exactly
from chatrepl.core.talk.arguments import tool_name
from chatrepl.core.talk.blocks import ToolResultBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.tool_words import run_question, whole_call
from chatrepl.core.tools import Tool, ToolCall
from chatrepl.session.workbench import NO, Workbench
from chatrepl.shells.consent import Consent

Apart: TypeAlias = Callable[[], AbstractContextManager[None]]
_LETTERS: Final = "yaNv"


@dataclass(slots=True)
class ToolConsent:
    """Asks about one call after the other, before any of them runs; and about keys in answers."""

    choose: Callable[[str, str], str]
    say: Callable[[Exactly], object]
    bench: Workbench
    consent: Consent
    _apart: Apart = nullcontext

    @contextmanager
    def asking(self, apart: Apart) -> Iterator[None]:
        """Ask while a reply is shown: `apart` leaves the terminal to a question."""
        self._apart, self.bench.agree, self.bench.passes = apart, self.agree, self.passes
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

    def passes(self, call: ToolCall, answer: ToolResultBlock) -> bool:
        """Ask before an answer is sent that seems to hold a key."""
        held = self.consent.holds(Message("user", (answer,)))
        if not held:
            return True
        with self._apart():
            return self.consent.to_answer(f"The answer of {tool_name(call.name)}", held)

    def _answer(self, call: ToolCall) -> str:
        return self.choose(run_question(call), _LETTERS).casefold()
