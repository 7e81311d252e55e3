"""A box of tools for tests: none of them does anything, and what was run is written down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.tools import Tool, ToolAnswer, ToolCall

READ = Tool(
    "read_file",
    "Read a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
CLOCK = Tool("clock", "Tell the time.", {"type": "object"}, source="time", approve="always")


def echo(_tool: Tool, call: ToolCall) -> ToolAnswer:
    """Say what was called, and with what."""
    return ToolAnswer((TextBlock(f"{call.name} {dict(call.input)}"),))


@dataclass
class FakeBox:
    """Answers as `answer` says, or hangs until it is cancelled where that gives nothing."""

    there: Sequence[Tool] = (READ, CLOCK)
    answer: Callable[[Tool, ToolCall], ToolAnswer | None] = echo
    ran: list[ToolCall] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    asked: int = 0

    async def tools(self) -> tuple[Tool, ...]:
        self.asked += 1
        return tuple(self.there)

    async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
        self.ran.append(call)
        try:
            await asyncio.sleep(0)
            if (answer := self.answer(tool, call)) is None:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(call.id)
            raise
        assert answer is not None
        return answer

    async def close(self) -> None:
        pass
