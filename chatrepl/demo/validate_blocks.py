"""The rules for content blocks: shapes, roles, images, documents.

A new block type is one row of `BLOCKS`, and a name in `USER` or `ASSISTANT`.
"""

import base64
import binascii
from typing import Any

from chatrepl.demo import images
from chatrepl.demo.fields import (
    Check,
    anything,
    array,
    cache_control,
    citations_config,
    flag,
    maybe,
    one_of,
    record,
    text,
    typed,
)
from chatrepl.demo.validate_sealed import check_sealed
from chatrepl.demo.validate_tools import CODE
from chatrepl.demo.wire import JSON, invalid

IMAGE_BYTES = 10 * 1024 * 1024  # of base64 text
IMAGE_SIDE = 8000
MANY_IMAGES = 20
MANY_IMAGES_SIDE = 2000
BlockShape = tuple[dict[str, Check], dict[str, Check]]


def _caller(path: str, value: Any) -> None:
    inside: BlockShape = ({"tool_id": text}, {})
    typed(path, value, {"direct": ({}, {}), "code_execution_20250825": inside, CODE: inside})


_MARK: dict[str, Check] = {"cache_control": cache_control}
_CALL: dict[str, Check] = {"id": text, "name": text, "input": record}
_RESULT: dict[str, Check] = {"tool_use_id": text, "content": anything}
_RESULT_MORE: dict[str, Check] = {**_MARK, "caller": maybe(_caller)}
_NEWER: dict[str, Check] = {"mood": text}  # a key that a newer service sends, and takes back

BLOCKS: dict[str, BlockShape] = {
    "text": (
        {"text": text},
        {**_MARK, **_NEWER, "citations": maybe(array), "parsed_output": maybe(anything)},
    ),
    "image": ({"source": record}, {**_MARK, "transformations": maybe(record)}),
    "document": (
        {"source": record},
        {
            **_MARK,
            "title": maybe(text),
            "context": maybe(text),
            "citations": citations_config,
        },
    ),
    "search_result": (
        {"content": array, "source": text, "title": text},
        {**_MARK, "citations": citations_config},
    ),
    "thinking": ({"thinking": text, "signature": text}, _NEWER),
    "redacted_thinking": ({"data": text}, {}),
    "tool_use": (_CALL, {**_RESULT_MORE, "toolset_name": maybe(text)}),
    "tool_result": (
        {"tool_use_id": text},
        {**_MARK, "content": anything, "is_error": maybe(flag)},
    ),
    "server_tool_use": (_CALL, _RESULT_MORE),
    "web_search_tool_result": (_RESULT, _RESULT_MORE),
    "web_fetch_tool_result": (_RESULT, _RESULT_MORE),
    "code_execution_tool_result": (_RESULT, _RESULT_MORE),
    "bash_code_execution_tool_result": (_RESULT, _RESULT_MORE),
    "text_editor_code_execution_tool_result": (_RESULT, _RESULT_MORE),
    "tool_search_tool_result": (_RESULT, _RESULT_MORE),
    "advisor_tool_result": (_RESULT, _RESULT_MORE),
    "mcp_tool_use": ({**_CALL, "server_name": text}, _MARK),
    "mcp_tool_result": (
        {"tool_use_id": text},
        {**_MARK, "content": anything, "is_error": flag},
    ),
    "mcp_tool_listing": ({"mcp_server_name": text, "tools": array}, {}),
    "container_upload": ({"file_id": text}, _MARK),
    "compaction": (
        {},
        {
            **_MARK,
            "content": maybe(text),
            "encrypted_content": maybe(text),
            "signature": maybe(text),
            "tool_changes": maybe(array),
        },
    ),
    "fallback": ({"from": record, "to": record, "trigger": record}, {}),
    "sketch": ({"lines": text}, {}),  # a block that a newer service sends, and takes back
}
USER = frozenset({"text", "image", "document", "search_result", "tool_result", "container_upload"})
ASSISTANT = frozenset(BLOCKS) - {"image", "document", "search_result", "tool_result"}
_IN_RESULT = frozenset({"text", "image", "document", "search_result"})
_MEDIA = one_of("image/jpeg", "image/png", "image/gif", "image/webp")
_SOURCES: dict[str, BlockShape] = {
    "base64": ({"media_type": text, "data": text}, {}),
    "url": ({"url": text}, {}),
    "file": ({"file_id": text}, {}),
    "text": ({"media_type": one_of("text/plain"), "data": text}, {}),
    "content": ({"content": anything}, {}),
}
_IMAGE_SOURCES = {kind: _SOURCES[kind] for kind in ("base64", "url", "file")}


def check_block(path: str, block: Any, role: str) -> None:
    """Check one block of a message by `role`; raises the service's 400."""
    typed(path, block, BLOCKS)
    kind = block["type"]
    if kind not in (USER if role == "user" else ASSISTANT):
        raise invalid(f"{path}: `{kind}` blocks are not permitted in `{role}` messages")
    if role == "user" and kind == "text" and block.get("citations"):
        raise invalid(f"{path}.text.citations: citations are not permitted on user text blocks")
    _check_parts(path, block)


def _check_parts(path: str, block: JSON) -> None:
    kind = block["type"]
    if kind == "text":
        check_text(block)
        check_sealed(path, block)
    elif kind == "image":
        _check_image(f"{path}.image.source", block["source"])
    elif kind == "document":
        _check_document(f"{path}.document.source", block["source"])
    elif kind == "tool_result" and isinstance(block.get("content"), list):
        for place, part in enumerate(block["content"]):
            inner = f"{path}.tool_result.content.{place}"
            typed(inner, part, {name: BLOCKS[name] for name in sorted(_IN_RESULT)})
            _check_parts(inner, part)
    elif kind == "tool_result":
        maybe(text)(f"{path}.tool_result.content", block.get("content"))
    else:
        check_sealed(path, block)


def check_text(block: JSON) -> None:
    """Check that a text block says something."""
    words = block["text"]
    if not words:
        if block.get("cache_control"):
            raise invalid("messages: cache_control cannot be set for empty text blocks")
        raise invalid("messages: text content blocks must be non-empty")
    if not words.strip():
        raise invalid("messages: text content blocks must contain non-whitespace text")


def decode(path: str, data: str) -> bytes:
    """Return the bytes of strict base64."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{path}.data: Invalid base64 data") from None


def _check_url(path: str, source: JSON) -> None:
    if not source["url"].startswith(("https://", "http://")):
        raise invalid(f"{path}.url: Only HTTP(S) URLs are supported")


def _check_image(path: str, source: Any) -> None:
    typed(path, source, _IMAGE_SOURCES)
    if source["type"] == "url":
        _check_url(f"{path}.url", source)
    if source["type"] != "base64":
        return
    path = f"{path}.base64"
    _MEDIA(f"{path}.media_type", source["media_type"])
    length = len(source["data"])
    if length > IMAGE_BYTES:
        raise invalid(f"{path}: image exceeds 10 MB maximum: {length} bytes > {IMAGE_BYTES} bytes")
    data = decode(path, source["data"])
    found = images.kind(data)
    if found is None or images.measure(data) is None:
        raise invalid(f"{path}: Could not process image")
    if found != source["media_type"]:
        raise invalid(
            f"{path}: The image was specified using the {source['media_type']} media type, "
            f"but the image appears to be a {found} image"
        )


def _check_document(path: str, source: Any) -> None:
    typed(path, source, _SOURCES)
    kind = source["type"]
    if kind == "url":
        _check_url(f"{path}.url", source)
    elif kind == "text":
        if not source["data"].strip():
            raise invalid(f"{path}.text.data: document text must be non-empty")
    elif kind == "base64":
        one_of("application/pdf")(f"{path}.base64.media_type", source["media_type"])
        data = decode(f"{path}.base64", source["data"])
        if not data.startswith(b"%PDF-"):
            raise invalid(f"{path}.base64.data: The PDF specified was not valid.")


def check_images(blocks: list[tuple[str, JSON]], window: int) -> None:
    """Check the images of the whole request: their number and their sides."""
    found = [(p, b["source"]) for p, b in blocks if b["type"] == "image"]
    limit = 100 if window <= 200_000 else 600
    if len(found) > limit:
        raise invalid(f"messages: Too many images: {len(found)} > {limit} maximum")
    many = len(found) > MANY_IMAGES
    side = MANY_IMAGES_SIDE if many else IMAGE_SIDE
    for path, source in found:
        if source["type"] != "base64":
            continue
        size = images.measure_base64(source["data"])
        if size is not None and max(size) > side:
            request = " for many-image requests" if many else ""
            fault = invalid(
                f"{path}.image.source.base64.data: At least one of the image dimensions "
                f"exceed max allowed size{request}: {side} pixels"
            )
            fault.details = {
                "error_code": "image_dimensions_too_large",
                "max_side_length_pixels": side,
                "paths": [path],
            }
            raise fault
