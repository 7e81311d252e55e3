"""Searches and sources."""

from typing import Any

import pytest

from chatrepl.core.talk.blocks import TextBlock, ToolUseBlock
from chatrepl.terminal.views.parts import Sources, doing, failure


@pytest.mark.parametrize(
    ("kind", "name", "given", "said"),
    [
        ("server_tool_use", "web_search", {"query": "cats"}, "searching the web: cats"),
        ("server_tool_use", "web_search", {}, "searching the web"),
        ("server_tool_use", "web_fetch", {"url": "https://a"}, "reading: https://a"),
        ("server_tool_use", "code_execution", {"code": "x"}, "running code"),
        ("server_tool_use", "web_search", {"query": ""}, "searching the web"),
        ("server_tool_use", "web_search", {"query": 1}, "searching the web"),
        ("server_tool_use", "web_search", "cats", "searching the web"),
        ("server_tool_use", "new_tool", {"query": 1}, "using new_tool"),
        ("server_tool_use", "new_tool", {"": "x"}, "using new_tool"),
        ("tool_use", "pick", {}, "asking for the tool pick"),
    ],
)
def test_a_call_is_told_in_a_line(kind: str, name: str, given: Any, said: str) -> None:
    assert doing(ToolUseBlock(kind, "t1", name, given)) == said


def test_a_lookup_that_failed_is_told() -> None:
    wire = {"type": "web_search_tool_result", "content": {"error_code": "max_uses_exceeded"}}
    assert failure(wire) == "the web search failed: max uses exceeded"
    assert failure({"type": "web_search_tool_result", "content": []}) == ""


def test_a_source_has_one_number_and_a_name_even_without_title() -> None:
    sources = Sources()
    cited = ({"url": "https://a.example/"}, {"document_index": 1, "document_title": None})
    assert sources.mark(TextBlock("x", (*cited, cited[0]))) == "[^1][^2]"
    assert sources.mark(TextBlock("```\nx\n```", cited[:1])) == "\n\n[^1]"
    assert sources.mark(TextBlock("x")) == ""
    assert "document 2" in sources.notes()
