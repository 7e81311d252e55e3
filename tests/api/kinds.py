"""Kinds of content that a reply may hold: how each comes in a stream, and how it is to go back."""

import json
from collections.abc import Iterator
from typing import Any, Final

Json = dict[str, Any]
Kind = tuple[list[Json], list[Json]]  # the events of the blocks, and the blocks

CODE: Final[Json] = {"type": "code_execution_20260120", "tool_id": "srvtoolu_code"}
OUTPUT: Final = [{"type": "code_execution_output", "file_id": "file_1"}]
RAN: Final = {"stdout": "1\n", "stderr": "", "return_code": 0, "content": OUTPUT}
PAGE: Final = {"type": "document", "source": {"type": "text", "data": "x"}, "title": None}

CITATIONS: Final = (
    {"type": "char_location", "cited_text": "x", "document_index": 0, "start_char_index": 0},
    {"type": "page_location", "cited_text": "x", "document_title": None, "start_page_number": 1},
    {"type": "content_block_location", "cited_text": "x", "start_block_index": 0, "file_id": None},
    {"type": "web_search_result_location", "url": "u", "title": "t", "encrypted_index": "e"},
    {"type": "search_result_location", "source": "s", "title": None, "search_result_index": 0},
    {"type": "star_location", "star": {"name": "Vega"}},
)
# The service's tools: the type of the call, its name and input, the type of the result, contents.
TOOLS: Final[tuple[tuple[str, Json, str, tuple[Any, ...]], ...]] = (
    ("server_tool_use", {"name": "web_search", "input": {"query": "otters"}}, "web_search", (
        [{"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e"}],
        [],
        {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
    )),
    ("server_tool_use", {"name": "web_fetch", "input": {"url": "u"}}, "web_fetch", (
        {"type": "web_fetch_result", "url": "u", "retrieved_at": None, "content": PAGE},
        {"type": "web_fetch_tool_result_error", "error_code": "url_not_accessible"},
    )),
    ("server_tool_use", {"name": "code_execution", "input": {"code": "print(1)"}},
     "code_execution", (
        {"type": "code_execution_result", **RAN},
        {"type": "encrypted_code_execution_result", **RAN, "encrypted_stdout": "e"},
        {"type": "code_execution_tool_result_error", "error_code": "unavailable"},
    )),
    ("server_tool_use", {"name": "bash_code_execution", "input": {"command": "ls"}},
     "bash_code_execution", (
        {"type": "bash_code_execution_result", **RAN},
        {"type": "bash_code_execution_tool_result_error", "error_code": "output_file_too_large"},
    )),
    ("server_tool_use", {"name": "text_editor_code_execution", "input": {"command": "view"}},
     "text_editor_code_execution", (
        {"type": "text_editor_code_execution_view_result", "content": "x", "num_lines": None},
        {"type": "text_editor_code_execution_create_result", "is_file_update": False},
        {"type": "text_editor_code_execution_str_replace_result", "lines": ["x"], "old_start": 1},
        {"type": "text_editor_code_execution_tool_result_error", "error_code": "file_not_found"},
    )),
    ("server_tool_use", {"name": "tool_search_tool_bm25", "input": {"query": "x"}},
     "tool_search", (
        {"type": "tool_search_tool_search_result", "tool_references": [{"tool_name": "x"}]},
        {"type": "tool_search_tool_result_error", "error_code": "unavailable"},
    )),
    ("server_tool_use", {"name": "advisor", "input": {}}, "advisor", (
        {"type": "advisor_result", "text": "Wait."},
        {"type": "advisor_redacted_result", "encrypted_content": "e"},
    )),
    ("mcp_tool_use", {"name": "echo", "server_name": "example", "input": {"a": [1]}}, "mcp", (
        "plain", [{"type": "text", "text": "x", "citations": None}], [],
    )),
    ("novel_tool_use", {"name": "dream", "input": {"of": "otters"}}, "novel", (
        {"type": "dream", "colours": [None, 1.5]}, 5, None,
    )),
)  # fmt: skip
# What is added to a call and to its result.
ADDED: Final[tuple[tuple[Json, Json], ...]] = (
    ({}, {}),
    ({"caller": {"type": "direct"}}, {"caller": {"type": "direct"}}),
    ({"toolset_name": "set", "mood": None}, {"scent": {"rain": True}}),
)
SINGLE: Final[tuple[Json, ...]] = (
    {"type": "redacted_thinking", "data": "x"},
    {"type": "redacted_thinking", "data": "x", "mood": "glad"},
    {"type": "container_upload", "file_id": "file_1"},
    {"type": "mcp_tool_listing", "mcp_server_name": "example", "tools": [{"name": "echo"}]},
    {"type": "compaction", "content": None, "encrypted_content": None},
    {"type": "compaction", "content": "so far", "encrypted_content": "e", "signature": "s"},
    {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
    {"type": "hologram", "beam": "green", "text": 5},
    {"type": "hologram"},
    {"type": "audio", "source": {"type": "base64", "data": "AAAA"}, "transcript": None},
    {"type": "search_result", "source": "s", "title": "t", "content": []},
    {"type": "hologram_tool", "id": "h1", "input": {}},
)


def events(index: int, block: Json, *deltas: Json) -> list[Json]:
    """Give the events of one block."""
    start = {"type": "content_block_start", "index": index, "content_block": block}
    grown = ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
    return [start, *grown, {"type": "content_block_stop", "index": index}]


def called(index: int, call: Json) -> list[Json]:
    """Give the events of a call: its input comes in pieces of JSON."""
    text = json.dumps(call.get("input", {}))
    pieces = ({"type": "input_json_delta", "partial_json": p} for p in (text[:3], text[3:]))
    return events(index, {**call, "input": {}}, *pieces) if "input" in call else events(index, call)


def _text_kinds() -> Iterator[tuple[str, Kind]]:
    for mood in ({}, {"mood": "glad"}, {"mood": None}):
        plain: Json = {"type": "text", "text": "Hello", **mood}
        pieces = ({"type": "text_delta", "text": p} for p in ("He", "llo"))
        yield f"text {mood}", (events(0, {**plain, "text": ""}, *pieces), [plain])
        rest = {"type": "text_delta", "text": "llo"}
        yield f"text begun {mood}", (events(0, {**plain, "text": "He"}, rest), [plain])
    for cited in CITATIONS:
        text: Json = {"type": "text", "text": "x", "citations": [cited, cited]}
        delta = {"type": "citations_delta", "citation": cited}
        begun = events(0, {**text, "citations": [cited]}, delta)
        yield f"cited {cited['type']}", (begun, [text])
    thought: Json = {"type": "thinking", "thinking": "hm", "signature": "s"}
    for more in ({}, {"thinking": ""}, {"mood": "glad"}):
        block = {**thought, **more}
        deltas = [{"type": "thinking_delta", "thinking": block["thinking"]},
                  {"type": "signature_delta", "signature": "s"}]  # fmt: skip
        end = {"type": "text", "text": "x"}
        bare = {**block, "thinking": "", "signature": ""}
        yield f"thinking {more}", ([*events(0, bare, *deltas), *events(1, end)], [block, end])
        yield f"thinking begun {more}", ([*events(0, block), *events(1, end)], [block, end])


def _tool_kinds() -> Iterator[tuple[str, Kind]]:
    for type_, parts, family, contents in TOOLS:
        for number, content in enumerate(contents):
            for added, also in ADDED:
                call = {"type": type_, "id": "srvtoolu_1", **parts, **added}
                result = {"type": f"{family}_tool_result", "tool_use_id": "srvtoolu_1", **also}
                if content is not None:
                    result["content"] = content
                name = f"{parts['name']} {number} {list(added)}"
                yield name, ([*called(0, call), *events(1, result)], [call, result])
    bare: Json = {"type": "novel_tool_use", "id": "n1"}
    answer: Json = {"type": "novel_tool_result", "tool_use_id": "n1"}
    yield "a call of nothing", ([*called(0, bare), *events(1, answer)], [bare, answer])
    code: Json = {"type": "server_tool_use", "id": "srvtoolu_code", "name": "code_execution",
            "input": {"code": "x"}}  # fmt: skip
    inner: Json = {"type": "server_tool_use", "id": "s2", "name": "web_search", "input": {}}
    found: Json = {"type": "web_search_tool_result", "tool_use_id": "s2", "content": []}
    ran: Json = {
        "type": "code_execution_tool_result",
        "tool_use_id": "srvtoolu_code",
        "content": RAN,
    }
    blocks = [code, {**inner, "caller": CODE}, {**found, "caller": CODE}, ran]
    nested = [event for n, block in enumerate(blocks) for event in called(n, block)]
    yield "a search inside code", (nested, blocks)


def _other_kinds() -> Iterator[tuple[str, Kind]]:
    end: Json = {"type": "text", "text": "x"}
    for block in SINGLE:
        kind = ([*events(0, block), *events(1, end)], [block, end])
        yield f"whole {list(block.items())[:2]} {len(block)}", kind
    compaction = {"type": "compaction", "content": "so far", "encrypted_content": "e"}
    delta = {"type": "compaction_delta", "content": "so far", "encrypted_content": "e"}
    nothing = {"type": "compaction_delta", "content": None, "encrypted_content": None}
    start = {"type": "compaction", "content": None, "encrypted_content": None}
    yield "compaction by delta", (events(0, start, delta, nothing), [compaction])
    beams = ({"type": "hologram_delta", "beam": beam} for beam in ("gr", "een"))
    hologram = {"type": "hologram", "beam": "green"}
    yield "hologram by deltas", (events(0, {"type": "hologram"}, *beams), [hologram])
    mood = {"type": "mood_delta", "mood": "glad"}
    text = {"type": "text", "text": "x", "mood": "glad"}
    yield "text with a new delta", (events(0, {"type": "text", "text": "x"}, mood), [text])


KINDS: Final[dict[str, Kind]] = dict([*_text_kinds(), *_tool_kinds(), *_other_kinds()])
