"""What is shown of blocks that have no better form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.traces import MOST_LINES, trace

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def call(name: str, given: Any, kind: str = "server_tool_use", /, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": "t1", "name": name, "input": given, **more}


def result(tool: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": f"{tool}_tool_result", "tool_use_id": "t1", "content": content, **more}


def ran(tool: str = "code_execution", **more: Any) -> dict[str, Any]:
    return result(tool, {"type": f"{tool}_result", "stdout": "", "stderr": "", **more})


NESTED: dict[str, Any] = {"caller": {"type": "code_execution_20260120", "tool_id": "t0"}}
HANDED = {"type": "fallback", "from": {"model": "a-1"}, "to": {"model": "b-2"}}
EDIT = "text_editor_code_execution"
WIRES: list[tuple[dict[str, Any], str]] = [
    (call("web_search", {"query": "claude shannon"}), "searching: claude shannon"),
    (call("web_search", {"query": "x"}, **NESTED), "searching: x"),
    (call("web_search", {}), "searching"),
    (call("web_search", {"query": 1}), "searching"),
    (call("web_fetch", {"url": "https://a"}), "reading: https://a"),
    (call("code_execution", {"code": "print(1)"}, **NESTED), "running: print(1)"),
    (call("code_execution", {"code": "a\nb"}), "running: a|  b"),
    (call("bash_code_execution", {"command": "ls"}), "running: ls"),
    (call(EDIT, {"command": "view", "path": "/x"}), "editing: view /x"),
    (call("tool_search_tool_regex", {"pattern": "a.*"}), "looking for tools: a.*"),
    (call("advisor", {}), "asking the advisor"),
    (call("new", {"a": 1}), 'new {"a":1}'),
    (call("echo", {"a": 1}, "mcp_tool_use", server_name="srv"), 'srv/echo {"a":1}'),
    (call("pick", {}, "tool_use"), "asking for the tool pick"),
    (call("pick", {"a": "b"}, "tool_use", toolset_name="s"),
     "asking for the tool s/pick a=b"),
    ({"type": "odd_tool_use", "id": "t1"}, "odd_tool_use"),
    (result("web_search", {"error_code": "max_uses_exceeded"}),
     "the web search failed: max uses exceeded"),
    (result("web_fetch", {"error_code": "unavailable", "error_message": "no\nway"}),
     "the web fetch failed: unavailable (no way)"),
    (result("web_search", []), "found nothing"),
    (result("web_search", [{"title": "A", "url": "u"}, {"url": "https://b"}]),
     "found 2: A · https://b"),
    (result("web_fetch", {"type": "web_fetch_result", "url": "u", "content": {"title": "A"}}),
     "read: A · u"),
    (ran(stdout="1\n2\n"), "output: 1|  2"),
    (ran("bash_code_execution", stderr="oh", return_code=2), "errors: oh|ended with 2"),
    (ran(content=[{"type": "code_execution_output", "file_id": "file_011"}]),
     "file made: file_011"),
    (ran(), "no output"),
    (result("code_execution", {"type": "encrypted_code_execution_result",
                               "encrypted_stdout": "x"}),
     "its output can be read by the service alone"),
    (result(EDIT, {"type": f"{EDIT}_view_result", "content": "a"}), "the file: a"),
    (result(EDIT, {"type": f"{EDIT}_view_result", "content": ""}), "the file: empty"),
    (result(EDIT, {"type": f"{EDIT}_create_result", "is_file_update": False}),
     "the file was written"),
    (result(EDIT, {"type": f"{EDIT}_create_result", "is_file_update": True}),
     "the file was replaced"),
    (result(EDIT, {"type": f"{EDIT}_str_replace_result", "lines": ["-a", "+b"]}),
     "the file was changed: -a|  +b"),
    (result(EDIT, {"type": f"{EDIT}_str_replace_result", "lines": None}), "the file was changed"),
    (result("tool_search", {"type": "tool_search_tool_search_result",
                            "tool_references": [{"tool_name": "a"}, {"tool_name": "b"}]}),
     "tools found: a, b"),
    (result("advisor", {"type": "advisor_result", "text": "Be brief."}),
     "the advisor: Be brief."),
    (result("advisor", {"type": "advisor_redacted_result", "encrypted_content": "x"}),
     "the advisor: can be read by the service alone"),
    (result("mcp", [{"type": "text", "text": "hi"}]), "result: hi"),
    (result("mcp", "no", is_error=True), "the mcp failed: no"),
    (result("mcp", [], is_error=True), "the mcp failed: no reason is given"),
    (result("new", {"odd": 1}), 'result: {"odd":1}'),
    (result("new", [{"file_id": "f1"}]), "result: file made: f1"),
    ({"type": "tool_result", "tool_use_id": "t1"}, "result: nothing"),
    ({"type": "tool_result", "tool_use_id": "t1", "content": "a\nb"},
     "result: a (2 lines, 3 characters)"),
    ({"type": "tool_result", "tool_use_id": "t1", "content": "a\n[cut: 9 characters more]"},
     "result: a (2 lines, 26 characters, cut)"),
    ({"type": "tool_result", "tool_use_id": "t1", "content": "[cut is what it says"},
     "result: [cut is what it says"),
    ({"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "x"},
     "the tool failed: x"),
    (HANDED | {"trigger": {"type": "refusal", "category": "cyber"}},
     "answered by b-2 (a-1 declined: cyber)"),
    (HANDED | {"trigger": None}, "answered by b-2 (a-1 declined)"),
    ({"type": "fallback"}, "answered by ? (? declined)"),
    ({"type": "compaction", "content": "x"}, "the past was summarised by the service"),
    ({"type": "compaction", "content": None}, "the service could not summarise the past"),
    ({"type": "container_upload", "file_id": "f1"}, "file made: f1"),
    ({"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": [{"name": "a"}]},
     "tools of s: a"),
    ({"type": "mcp_tool_listing", "tools": None}, "tools of ?: none"),
    ({"type": "image", "source": {"type": "url", "url": "https://a"}},
     "image: https://a"),
    ({"type": "search_result", "title": "A", "source": "u"}, "search result: A"),
    ({"type": "thinking", "thinking": "", "signature": "s"},
     "thought; the service does not show what"),
    ({"type": "redacted_thinking", "data": "x"}, "thought; the service does not show what"),
    ({"type": "hologram"}, "a block this version does not know: hologram"),
    ({"type": "poem", "text": "Roses"}, "a block this version does not know: poem|Roses"),
]  # fmt: skip


@pytest.mark.parametrize(("wire", "rows"), WIRES)
def test_a_block_is_told_in_a_line(wire: dict[str, Any], rows: str) -> None:
    assert "|".join(trace(block_from_wire(wire))) == rows


@pytest.mark.parametrize(
    "wire",
    [{"type": "text", "text": "x"}, {"type": "thinking", "thinking": "x", "signature": "s"}],
)
def test_what_can_be_read_needs_no_line(wire: dict[str, Any]) -> None:
    assert trace(block_from_wire(wire)) == ()


def test_what_is_long_is_folded() -> None:
    code = "\n".join(f"line {n}" for n in range(20))
    rows = trace(block_from_wire(call("code_execution", {"code": code})))

    assert rows[:2] == ("running: line 0", "  line 1")
    assert len(rows) == MOST_LINES + 1
    assert rows[-1] == f"  … {20 - MOST_LINES} more lines"
    (row,) = trace(block_from_wire(call("new", {"a": "x" * 9999, "b": ["y"] * 999})))
    assert len(row) <= 2000
    assert "x" * 201 not in row


def test_what_is_nested_without_end_is_told_all_the_same() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert trace(block_from_wire(call("new", {"a": deep}))) == ("new …",)
    assert trace(block_from_wire(result("new", deep))) == ("result: …",)


KINDS = st.sampled_from(sorted({str(wire["type"]) for wire, _ in WIRES})) | st.text(max_size=12)
KEYS = ("id", "tool_use_id", "name", "input", "content", "from", "tools", "text", "thinking",
        "data", "source", "caller", "server_name", "file_id", "is_error")  # fmt: skip


@given(KINDS, st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_kind_of_block_is_invisible(kind: str, parts: dict[str, Any]) -> None:
    block = block_from_wire({"type": kind, **parts})
    rows = trace(block)

    assert any(row.strip() for row in rows) or block.to_wire().get("thinking")
