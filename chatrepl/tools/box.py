"""All tools of a chat in one box, from wherever they come; each name in it once.

A program has the name that the user gave it. A server's tool keeps its own where nothing else is
called so, else it is `SERVER__tool`: whoever starts first wins nothing, so that names stay.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from chatrepl.core.characters import without_hidden
from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.tools import LONGEST_NAME, SERVICE_TOOLS, Tool, ToolAnswer, ToolCall
from chatrepl.core.words import hidden_words

_DIGEST: Final = 8


class ToolSource(Protocol):
    """Where tools come from. None of its methods raises for what a tool does wrong."""

    async def tools(self) -> tuple[Tool, ...]:
        """Give its tools, by the names that they have there."""

    async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
        """Run one of these. A cancellation ends it, and goes on."""

    async def close(self) -> None:
        """End all that was started."""


class Box:
    """A `Toolbox` of several sources. `keeps_hidden` tells whether unseen characters are sent."""

    def __init__(
        self, sources: Sequence[ToolSource], keeps_hidden: Callable[[], bool] = lambda: False
    ) -> None:
        self._sources = tuple(sources)
        self._keeps_hidden = keeps_hidden
        self._homes: dict[str, tuple[ToolSource, Tool]] = {}

    async def tools(self) -> tuple[Tool, ...]:
        of_each = await asyncio.gather(*(source.tools() for source in self._sources))
        shelves = zip(self._sources, of_each, strict=True)
        pairs = [(source, tool) for source, tools in shelves for tool in tools]
        names = list(unlike(tool for _, tool in pairs))
        self._homes = dict(zip(names, pairs, strict=True))
        return tuple(replace(tool, name=name) for name, (_, tool) in self._homes.items())

    async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
        home = self._homes.get(tool.name)
        if home is None:
            return ToolAnswer.error(f"There is no tool {tool.name}.")
        source, its_own = home
        answer = await source.run(its_own, call)
        return answer if self._keeps_hidden() else _seen(answer)

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._sources))


def unlike(tools: Iterable[Tool]) -> Iterator[str]:
    """Give each tool a name of its own, of at most 64 characters, whatever came first."""
    listed = list(tools)
    uses = Counter(tool.name for tool in listed)
    taken = {*SERVICE_TOOLS, *(tool.name for tool in listed if not tool.source)}
    for tool in listed:
        name, number = tool.name, 0
        if tool.source and (uses[name] > 1 or name in taken or len(name) > LONGEST_NAME):
            name = _short(f"{tool.source}__{tool.name}")
        while tool.source and name in taken:
            number += 1
            name = _short(f"{tool.source}__{tool.name}", str(number))
        taken.add(name)
        yield name


def _short(name: str, salt: str = "") -> str:
    """Cut a name that is too long, or not the only one; what is cut off still tells it apart."""
    if len(name) <= LONGEST_NAME and not salt:
        return name
    digest = hashlib.sha256(f"{name} {salt}".encode()).hexdigest()[:_DIGEST]
    return f"{name[: LONGEST_NAME - _DIGEST - 1]}_{digest}"


def _seen(answer: ToolAnswer) -> ToolAnswer:
    """Leave out what nobody sees, and say so."""
    content: list[Block] = []
    hidden = 0
    for block in answer.content:
        if isinstance(block, TextBlock):
            text, count = without_hidden(block.text)
            hidden += count
            content.append(replace(block, text=text if text.strip() else "[nothing to be seen]"))
        else:
            content.append(block)
    if not hidden:
        return answer
    content.append(TextBlock(f"[{hidden_words(hidden)} left out]"))
    return replace(answer, content=tuple(content))
