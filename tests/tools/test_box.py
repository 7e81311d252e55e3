"""Each tool has one name, finds its way home, and answers with what can be seen."""

import asyncio
import re

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import ImageBlock, TextBlock
from chatrepl.core.tools import SERVICE_TOOLS, TOOL_NAME, Tool, ToolAnswer, Toolbox, ToolCall
from chatrepl.tools.box import Box, unlike


class Shelf:
    """A source that answers with its own name and the tool's."""

    def __init__(self, name: str, *tools: str, says: str = "") -> None:
        self.name, self.closed, self._says = name, 0, says
        self._tools = tuple(Tool(tool, "", {}, source=name) for tool in tools)

    async def tools(self) -> tuple[Tool, ...]:
        return self._tools

    async def run(self, tool: Tool, call: ToolCall) -> ToolAnswer:
        return ToolAnswer((TextBlock(self._says or f"{self.name}:{tool.name}:{call.id}"),))

    async def close(self) -> None:
        self.closed += 1


def _all(box: Toolbox) -> dict[str, str]:
    """Call each tool by the name that the model knows it by."""

    async def called() -> dict[str, str]:
        answers = {}
        for tool in await box.tools():
            (block,) = (await box.run(tool, ToolCall("t", tool.name))).content
            assert isinstance(block, TextBlock)
            answers[tool.name] = block.text
        return answers

    return asyncio.run(called())


def test_a_servers_tool_keeps_its_name_where_nothing_else_is_called_so() -> None:
    box = Box([Shelf("", "read"), Shelf("files", "read", "list"), Shelf("git", "log", "list")])
    assert _all(box) == {
        "read": ":read:t",
        "files__read": "files:read:t",
        "files__list": "files:list:t",
        "log": "git:log:t",
        "git__list": "git:list:t",
    }


def test_no_servers_tool_is_called_as_one_of_the_services() -> None:
    assert list(_all(Box([Shelf("brave", "web_search")]))) == ["brave__web_search"]


def test_the_order_of_the_servers_decides_about_no_name() -> None:
    shelves = [Shelf("a", "x", "y"), Shelf("b", "x", "z"), Shelf("", "y")]
    assert _all(Box(shelves)) == _all(Box(shelves[::-1]))


_NAMES = st.text("ab_", min_size=1, max_size=3) | st.sampled_from(["a" * 64, "a" * 63, *"xy"])
_TOOLS = st.lists(
    st.builds(Tool, _NAMES | st.sampled_from(sorted(SERVICE_TOOLS)), st.just(""),
              st.just({}), _NAMES), max_size=12,
)  # fmt: skip


@given(st.sets(_NAMES).map(lambda names: [Tool(name, "", {}) for name in sorted(names)]), _TOOLS)
def test_every_tool_has_a_name_of_its_own_that_the_service_takes(
    programs: list[Tool], tools: list[Tool]
) -> None:
    names = list(unlike([*programs, *tools]))
    assert names[: len(programs)] == [tool.name for tool in programs]
    assert len(set(names)) == len(names) == len(programs) + len(tools)
    assert all(re.fullmatch(TOOL_NAME, name) for name in names)
    assert not SERVICE_TOOLS.intersection(names)


def test_a_tool_that_is_none_is_an_error_and_so_is_one_before_any_were_given() -> None:
    box = Box([Shelf("a", "x")])
    answer = asyncio.run(box.run(Tool("y", "", {}), ToolCall("t", "y")))
    assert answer == ToolAnswer.error("There is no tool y.")


def test_what_nobody_sees_is_left_out_and_said_unless_it_is_kept() -> None:
    shelf = Shelf("a", "x", says="\x1b[31mred\x1b[0m a\u202eb")

    def said(box: Box) -> list[str]:
        async def called() -> ToolAnswer:
            (tool,) = await box.tools()
            return await box.run(tool, ToolCall("t", "x"))

        return [getattr(block, "text", "") for block in asyncio.run(called()).content]

    assert said(Box([shelf])) == ["red ab", "[3 hidden characters left out]"]
    assert said(Box([shelf], lambda: True)) == ["\x1b[31mred\x1b[0m a\u202eb"]
    assert said(Box([Shelf("a", "x", says="\u202e")]))[0] == "[nothing to be seen]"


def test_a_picture_is_left_as_it_is() -> None:
    class Painter(Shelf):
        async def run(self, tool: Tool, call: ToolCall) -> ToolAnswer:
            return ToolAnswer((ImageBlock.base64("image/png", "x"), TextBlock("\u202ea")))

    box = Box([Painter("", "x")])

    async def called() -> ToolAnswer:
        (tool,) = await box.tools()
        return await box.run(tool, ToolCall("t", "x"))

    answer = asyncio.run(called())
    assert [type(block) for block in answer.content] == [ImageBlock, TextBlock, TextBlock]


def test_closing_the_box_closes_each_source() -> None:
    shelves = [Shelf("a"), Shelf("b")]
    asyncio.run(Box(shelves).close())
    assert [shelf.closed for shelf in shelves] == [1, 1]
