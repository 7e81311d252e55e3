"""The tools of a chat: who runs them, which there are, and what the user lets them do.

Nothing runs that the user did not agree to: once, for the chat, or in the configuration.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from chatrepl.core.exchange.reply import Reply
from chatrepl.core.talk.blocks import Block, TextBlock, ToolResultBlock, is_unread
from chatrepl.core.tools import Tool, ToolAnswer, Toolbox, ToolCall
from chatrepl.core.wire import scrub

Agree: TypeAlias = Callable[[Tool, ToolCall], str]
Passes: TypeAlias = Callable[[ToolCall, ToolResultBlock], bool]
Tell: TypeAlias = Callable[[ToolResultBlock], object]

NO: Final = "The user did not agree to this call; it was not run."
NEVER: Final = "The user does not let this tool run; it was not run."
STOPPED: Final = "The user stopped this call before it ended."
NOT_RUN: Final = "The user stopped the reply before this call was run."
HELD: Final = "The answer seems to hold a key, and the user did not let it be sent."
BROKEN: Final = "The tool could not be run."
SILENT: Final = "(The tool gave no output.)"
UNREAD: Final = "The input was not one whole JSON object, so nothing was run."
_CUT: Final = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})


@dataclass(slots=True)
class Workbench:
    """What a chat calls tools with; `agree` asks the user, and gives what keeps a call from it.

    `passes` tells whether an answer may go out.

    `tools` are those there were when the bench was opened last; `always` names those that may run
    without a question for as long as the chat lasts. `look` opens the bench for who is no turn.
    """

    box: Toolbox
    agree: Agree = lambda _tool, _call: NO
    passes: Passes = lambda _call, _answer: True
    tools: tuple[Tool, ...] = ()
    always: set[str] = field(default_factory=set)
    look: Callable[[], object] = lambda: None
    _chat: object = None
    _running: list[asyncio.Task[ToolAnswer]] = field(default_factory=list)

    @property
    def declared(self) -> tuple[dict[str, Any], ...]:
        """The tools as a request declares them."""
        return tuple(tool.to_wire() for tool in self.tools)

    async def open(self, chat: object) -> None:
        """Look which tools there are now; what was allowed in another chat holds no more."""
        if chat is not self._chat:
            self._chat = chat
            self.always.clear()
        self.tools = await self.box.tools()

    def calls(self, reply: Reply) -> tuple[ToolCall, ...]:
        """Give the calls that a reply ends with and that are to be answered; each id counts once.

        Without any tools they are as they came: nobody is there to answer them.
        """
        if not self.tools or not reply.complete or reply.stop_reason in _CUT:
            return ()  # all else calls: servers have words of their own for why it ended
        calls = {block.id: ToolCall.from_block(block) for block in reversed(reply.calls)}
        return tuple(calls.values())[::-1]

    async def work(self, calls: Sequence[ToolCall], tell: Tell) -> None:
        """Run what may be run, all at once, and `tell` each answer in the order of the calls.

        All that may run was agreed to before the first begins. Every call gets its answer,
        whatever happens meanwhile.
        """
        rest = list(calls)
        why = NOT_RUN
        try:
            jobs = [self._job(call) for call in calls]
            self._running = [job for job in jobs if isinstance(job, asyncio.Task)]
            why = STOPPED
            for job in jobs:
                answer = await _outcome(job) if isinstance(job, asyncio.Task) else job
                block = fit(answer).to_block(rest[0])
                if not self.passes(rest[0], block):
                    block = ToolAnswer.error(HELD).to_block(rest[0])
                del rest[0]
                tell(block)
        finally:
            self.stop()
            for call in rest:
                tell(ToolAnswer.error(why).to_block(call))
            running, self._running = self._running, []
            if running:
                await asyncio.wait(running)

    def stop(self) -> bool:
        """Stop the calls that run; tell whether there were any that were not stopped already."""
        running = [job for job in self._running if not (job.done() or job.cancelling())]
        for job in running:
            job.cancel()
        return bool(running)

    def _job(self, call: ToolCall) -> "asyncio.Task[ToolAnswer] | ToolAnswer":
        """Begin a call that may run once the loop goes on; else say why it does not."""
        tool = next((tool for tool in self.tools if tool.name == call.name), None)
        if tool is None:
            names = ", ".join(tool.name for tool in self.tools)
            return ToolAnswer.error(f"There is no tool of that name. There are: {names}.")
        if is_unread(call.input):
            return ToolAnswer.error(UNREAD)
        if why := self._refusal(tool, call):
            return ToolAnswer.error(why)
        return asyncio.ensure_future(self.box.run(tool, call))

    def _refusal(self, tool: Tool, call: ToolCall) -> str:
        match tool.approve:
            case "never":
                return NEVER
            case "always":
                return ""
            case _:
                return "" if tool.name in self.always else self.agree(tool, call)


async def _outcome(job: "asyncio.Task[ToolAnswer]") -> ToolAnswer:
    """Wait for a call, however it ends."""
    await asyncio.wait([job])
    if job.cancelled():
        return ToolAnswer.error(STOPPED)
    if (bug := job.exception()) is not None:  # the loop is told, as of all that nobody thought of
        job.get_loop().call_exception_handler({"message": "in a tool", "exception": bug})
        return ToolAnswer.error(BROKEN)
    return job.result()


def fit(answer: ToolAnswer) -> ToolAnswer:
    """Make an answer one that the service takes: never without content, errors in words alone.

    A result that says nothing is as good as none, and one that is an error takes only text: else
    400 "text content blocks must be non-empty", and "all content must be type text".
    """
    said = [TextBlock(scrub(b.text)) if isinstance(b, TextBlock) else b for b in answer.content]
    content: tuple[Block, ...] = tuple(
        block
        for block in said
        if (block.text.strip() if isinstance(block, TextBlock) else not answer.is_error)
    )
    return ToolAnswer(content or (TextBlock(SILENT),), answer.is_error)
