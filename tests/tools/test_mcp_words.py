"""What a server says is bounded, named as the service wants it, and believed in nothing."""

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, TextBlock
from chatrepl.core.tools import McpServer
from chatrepl.tools.mcp_words import (
    MOST_PICTURES,
    MOST_TEXT,
    MOST_TOOLS,
    answer_of,
    flat,
    offered_tools,
    plain_picture,
    usable_name,
    usable_schema,
)

SERVER = McpServer("files", command=("serve",))
OBJECT = {"type": "object"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def _fine(_schema: object) -> str:
    return ""


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read(*content: Any, **more: Any) -> Any:
    return answer_of({"content": list(content), **more}, plain_picture)


@given(st.lists(st.text(max_size=100), max_size=20))
def test_names_fit_the_rule_of_the_service_and_none_is_given_twice(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(usable_name(name, taken))

    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in taken)
    assert len(set(taken)) == len(names)


@given(JSON)
def test_a_schema_is_an_object_that_can_be_sent_or_none(schema: Any) -> None:
    usable = usable_schema(schema)

    assert usable is None or (usable["type"] == "object" and json.dumps(usable, allow_nan=False))


@pytest.mark.parametrize(
    ("schema", "usable"),
    [
        ({}, OBJECT),
        ({"type": "string"}, None),
        ("{}", None),
        ({"properties": {"a-b.c_1": {}}}, {"properties": {"a-b.c_1": {}}, **OBJECT}),
        ({"properties": {"a b": {}}}, None),
        ({"properties": {"": {}}}, None),
        ({"properties": []}, None),
        ({"oneOf": [{}], "allOf": [{}], "anyOf": [{}]}, OBJECT),
        ({"properties": {"a": {"anyOf": [{}]}}}, {"properties": {"a": {"anyOf": [{}]}}, **OBJECT}),
        ({"maximum": float("inf")}, None),
        ({"description": "x" * 100_000}, None),
        ({"description": "a\u202eb\U000e0041"}, {"description": "ab", **OBJECT}),
    ],
)
def test_a_schema_that_the_service_would_refuse_is_mended_or_left_out(
    schema: Any, usable: Any
) -> None:
    assert usable_schema(schema) == usable


def test_tools_are_chosen_named_and_counted_and_what_is_left_out_is_said() -> None:
    listed: list[dict[str, Any]] = [
        {"name": "read", "description": "Reads.\u202e", "inputSchema": OBJECT},
        {"name": "read", "description": "Twice.", "inputSchema": OBJECT},
        {"name": "write", "inputSchema": OBJECT},
        {"name": "odd one", "title": "Odd.", "inputSchema": OBJECT},
        {"name": "bad", "inputSchema": {"type": "array"}},
        {"name": ""},
        {"name": 5},
    ]
    server = McpServer("files", approve="never", deny=("write",))

    offered = offered_tools(server, listed, _fine)

    assert [(t.name, t.description, t.source, t.approve) for t in offered.tools] == [
        ("read", "Reads.", "files", "never"),
        ("odd_one", "Odd.", "files", "never"),
    ]
    assert offered.originals == {"read": "read", "odd_one": "odd one"}
    assert offered.remark == "files: left out for a schema that the service refuses: bad."


def test_an_annotation_of_a_server_changes_nothing_about_the_yes() -> None:
    entry = {"name": "rm", "inputSchema": OBJECT, "annotations": {"readOnlyHint": True}}

    (tool,) = offered_tools(SERVER, [entry], _fine).tools

    assert tool.approve == "ask"


def test_too_many_tools_and_names_of_none_are_told() -> None:
    listed = [{"name": f"t{n}", "inputSchema": OBJECT} for n in range(10_000)]
    server = McpServer("files", tools=(*(f"t{n}" for n in range(9_000)), "nobody"))

    offered = offered_tools(server, listed, _fine)

    assert len(offered.tools) == MOST_TOOLS
    assert offered.remark == "files: 9,000 tools: the first 256 are used; there is no tool nobody."


PARTS = [
    ({"type": "text", "text": "words"}, "words"),
    ({"type": "audio", "data": "", "mimeType": "audio/wav"}, "audio/wav"),
    ({"type": "resource_link", "uri": "a://b", "name": "n", "description": "d"}, "a://b: n, d"),
    ({"type": "resource", "resource": {"uri": "a://b", "text": "inside"}}, "a://b\ninside"),
    ({"type": "resource", "resource": {"uri": "a://b", "blob": _b64(b"zip")}}, "a://b"),
    ({"type": "image", "data": _b64(b"no picture"), "mimeType": "image/png"}, "10 bytes"),
    ({"type": "image", "data": "%%%"}, "of no kind"),
    ({"type": "hologram\x1b[2J", "text": "?"}, "hologram"),
    ({"text": "no type"}, "None: a part that is not understood"),
]


@pytest.mark.parametrize(("part", "words"), PARTS)
def test_each_part_of_an_answer_is_told_in_text(part: Any, words: str) -> None:
    (block,) = _read(part).content

    assert isinstance(block, TextBlock)
    assert words in block.text


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_known_by_its_bytes(data: bytes, kind: str) -> None:
    part = {"type": "image", "data": _b64(data), "mimeType": "text/html"}

    (block,) = _read(part).content

    assert block == ImageBlock.base64(kind, _b64(data))


def test_a_pdf_inside_of_a_resource_is_a_document() -> None:
    resource = {"uri": "a://b", "blob": _b64(b"%PDF-1.7")}

    (block,) = _read({"type": "resource", "resource": resource}).content

    assert isinstance(block, DocumentBlock)


def test_what_is_structured_stands_for_text_that_is_not_there() -> None:
    part = {"type": "text", "text": '{"a": 1}'}

    assert _read(structuredContent={"a": 1}).content == (TextBlock('{"a": 1}'),)
    assert _read(part, structuredContent={"a": 1}).content == (TextBlock('{"a": 1}'),)


def test_an_answer_is_never_empty_and_an_error_stays_one() -> None:
    assert _read().content == (TextBlock("(no output)"),)
    assert _read({"type": "text", "text": " \n"}).content == (TextBlock("(no output)"),)
    assert _read(isError=True).is_error


def test_an_answer_is_cut_and_says_so() -> None:
    half = {"type": "text", "text": "x" * (MOST_TEXT // 2 + 50)}
    picture = {"type": "image", "data": _b64(PNG)}

    answer = _read(half, half, half, *[picture] * 50)

    texts = [block.text for block in answer.content if isinstance(block, TextBlock)]
    assert len("".join(texts)) < MOST_TEXT + 100
    assert texts[-1].endswith("[cut: 100 characters more]")
    assert len(answer.content) == len(texts) + MOST_PICTURES


@given(st.lists(JSON | st.builds(dict, type=st.sampled_from(["text", "image"]), text=JSON)))
def test_no_content_of_any_kind_is_too_much(content: list[Any]) -> None:
    for block in _read(*content).content:
        json.dumps(block.to_wire()).encode()
        assert not isinstance(block, TextBlock) or block.text.strip()


def test_words_of_a_server_are_one_line_without_what_nobody_sees() -> None:
    assert flat("a\n\tb \u202ec\x1b[31m") == "a b c"
    assert flat("x" * 300, 10) == "xxxxxxxxx…"
