"""Sources that speak to `rogue.py`, and the coroutines of tests run to their end."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.tools import McpServer, Tool, ToolAnswer, ToolCall
from chatrepl.tools.mcp_source import McpSource
from chatrepl.tools.own_loop import OwnLoop

ROGUE = Path(__file__).with_name("rogue.py")
Done = TypeVar("Done")


def rogue(way: str = "", **more: Any) -> McpServer:
    """Name a server that is begun in some way."""
    return McpServer("rogue", command=(sys.executable, str(ROGUE), way), **more)


@contextmanager
def source(
    server: McpServer, tell: Callable[[str], None] = lambda _line: None
) -> Iterator[McpSource]:
    """Give the source of a server, and end it; nothing of it is left."""
    loop = OwnLoop("test")
    one = McpSource(server, loop, tell)
    try:
        yield one
    finally:
        asyncio.run(one.close())
        loop.close()


async def call(one: McpSource, name: str, **given: Any) -> ToolAnswer:
    return await one.run(Tool(name, "", {}), ToolCall("call_1", name, given))


def text(answer: ToolAnswer) -> str:
    return "\n".join(block.text for block in answer.content if isinstance(block, TextBlock))


def at_once(work: Coroutine[Any, Any, Done]) -> Done:
    """Run something on a loop of its own, as a chat would."""
    return asyncio.run(work)
