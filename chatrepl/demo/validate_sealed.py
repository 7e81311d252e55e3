"""The rules for what comes back unread: encrypted content has to be what was sent."""

from typing import Any

from chatrepl.demo.sealed import belongs, unpack
from chatrepl.demo.wire import JSON, invalid


def check_sealed(path: str, block: JSON) -> None:
    """Check the encrypted parts of a block of the past; raises the service's 400."""
    kind, content = block["type"], block.get("content")
    if kind == "text":
        for place, citation in enumerate(block.get("citations") or []):
            _check_citation(f"{path}.text.citations.{place}", citation)
    elif kind == "web_search_tool_result" and isinstance(content, list):
        for result in content:
            _check_result(path, result)
    elif isinstance(content, dict) and "encrypted_stdout" in content:
        if unpack(content["encrypted_stdout"]) is None:
            raise invalid(f"{path}: Invalid `encrypted_stdout` in `{content['type']}` block")
    elif kind == "compaction":
        _check_compaction(path, block)


def _check_result(path: str, result: Any) -> None:
    word = result.get("encrypted_content")
    if not belongs(word, result.get("url"), result.get("title")):
        raise invalid(f"{path}: Invalid `encrypted_content` in `search_result` block")


def _check_citation(path: str, citation: JSON) -> None:
    if citation.get("type") != "web_search_result_location":
        return
    if not belongs(citation.get("encrypted_index"), citation.get("url")):
        raise invalid(f"{path}: Invalid `encrypted_index` in `{citation['type']}`")


def _check_compaction(path: str, block: JSON) -> None:
    content = block.get("content")
    if content == "":
        raise invalid(f"{path}.compaction.content: String should have at least 1 character")
    for name in ("encrypted_content", "signature"):
        word = block.get(name)
        if word is not None and not belongs(word, name, content):
            raise invalid(f"{path}: Invalid `{name}` in `compaction` block")
