"""Blocks that come of themselves: another model, a summary, an upload, what is not known yet.

A new one is one function in `SHOWS`.
"""

from collections.abc import Callable

from chatrepl.demo.models import MODELS, find
from chatrepl.demo.request import WireRequest
from chatrepl.demo.sealed import seal
from chatrepl.demo.tools.reply import NewId, ToolReply, answers, calls, says
from chatrepl.demo.validate_thinking import sign
from chatrepl.demo.wire import JSON

_SUMMARY = "The user asked, and the demo engine answered."


def compaction(summary: str | None = _SUMMARY, *, signed: bool = False) -> JSON:
    """Return the summary of what came before; null for one that failed."""
    word = None if summary is None else seal("encrypted_content", summary)
    block: JSON = {"type": "compaction", "content": summary, "encrypted_content": word}
    return {**block, "signature": seal("signature", str(summary))} if signed else block


def fallback(request: WireRequest, category: str) -> ToolReply:
    """Return the reply of another model, because the one that was asked refused."""
    named = request.body.get("fallbacks")
    other = named[0]["model"] if isinstance(named, list) and named else _other(request)
    found = find(other)
    model = found.id if found else other
    block = {
        "type": "fallback",
        "from": {"model": request.body["model"]},
        "to": {"model": model},
        "trigger": {"type": "refusal", "category": category},
    }
    return ToolReply((block, says(f"`{model}` answers instead.")), model=model)


def _other(request: WireRequest) -> str:
    return next(model.id for model in MODELS if model.id != request.model.id)


def _fallback(request: WireRequest, _new_id: NewId) -> ToolReply:
    return fallback(request, "cyber")


def _compaction(_request: WireRequest, _new_id: NewId) -> ToolReply:
    return ToolReply((compaction(), says("What came before was summed up.")))


def _failed_compaction(_request: WireRequest, _new_id: NewId) -> ToolReply:
    return ToolReply((compaction(None), says("What came before could not be summed up.")))


def _upload(_request: WireRequest, new_id: NewId) -> ToolReply:
    block = {"type": "container_upload", "file_id": f"file_{new_id()}"}
    return ToolReply((says("A file was put into the container."), block))


def _advisor(_request: WireRequest, new_id: NewId) -> ToolReply:
    use = calls("advisor", {}, new_id)
    advice = {"type": "advisor_result", "text": "Say it in one sentence."}
    return ToolReply((use, answers(use, advice), says("As advised: yes.")))


def _redacted(request: WireRequest, _new_id: NewId) -> ToolReply:
    block = {"type": "redacted_thinking", "data": sign(request, "", [])}
    return ToolReply((block, says("What I thought is not shown.")))


def _new_block(_request: WireRequest, _new_id: NewId) -> ToolReply:
    block = {"type": "sketch", "lines": "3"}
    return ToolReply((block, says("That was a block nobody knows yet.", mood="glad")))


def _only_new_block(_request: WireRequest, _new_id: NewId) -> ToolReply:
    return ToolReply(({"type": "sketch", "lines": "5"},))


SHOWS: dict[str, Callable[[WireRequest, NewId], ToolReply]] = {
    "fallback": _fallback,
    "compaction": _compaction,
    "failed-compaction": _failed_compaction,
    "upload": _upload,
    "advisor": _advisor,
    "redacted": _redacted,
    "new-block": _new_block,
    "only-new-block": _only_new_block,
}
