"""The rules for thinking: which kinds a model takes, and what signed blocks are bound to.

A signature names the model, the block before it, everything said before, and its own text.
On models of the preserved kind a block under another past is refused; elsewhere only its text
is checked. Blocks of another model are dropped, as the service does.
"""

import hashlib
from dataclasses import replace

from chatrepl.demo.fields import Check, flag, maybe, one_of, shape, text, whole
from chatrepl.demo.models import ModelCard
from chatrepl.demo.request import WireMessage, WireRequest, bare, effort_block
from chatrepl.demo.sealed import digest, pack, unpack
from chatrepl.demo.wire import JSON, canonical, invalid

_BINDING_BETA = "thinking-binding-controls-2026-08-01"
_KINDS = frozenset({"thinking", "redacted_thinking"})
_REFUSED = {
    "enabled": (
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
        'and "output_config.effort" to control thinking behavior.'
    ),
    "adaptive": "adaptive thinking is not supported on this model",
    "disabled": (
        '"thinking.type.disabled" is not supported for this model. '
        "Omit `thinking` or use another type."
    ),
    "between_tools": '"thinking.type.between_tools" is not supported for this model.',
}


def check_config(body: JSON, model: ModelCard, betas: frozenset[str]) -> None:
    """Check the `thinking` parameter."""
    config = body.get("thinking")
    if config is None:
        return
    needed: dict[str, Check] = {"type": one_of(*sorted(_REFUSED))}
    optional: dict[str, Check] = {"display": maybe(one_of("summarized", "omitted"))}
    if config.get("type") == "enabled":
        needed["budget_tokens"] = whole
    if config.get("type") in ("disabled", "between_tools"):
        optional = {}
    elif _BINDING_BETA in betas:
        optional["block_binding"] = _check_binding
    shape("thinking", config, needed, optional)
    kind = config["type"]
    if kind not in model.thinking:
        raise invalid(_REFUSED[kind])
    if kind != "enabled":
        return
    if config["budget_tokens"] < 1024:
        raise invalid(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        )
    if config["budget_tokens"] >= body.get("max_tokens", model.max_output):
        raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_binding(path: str, value: object) -> None:
    choice = one_of("error", "drop_block")
    shape(path, value, {}, {"prefix_mismatch_behavior": choice, "report": flag, "note": text})


def sign(request: WireRequest, thinking: str, earlier: list[JSON]) -> str:
    """Return the signature of a new thinking block after `earlier` blocks of the same reply."""
    past = _Past(request)
    for message in request.messages:
        for block in message.content:
            past.add(message.role, block)
        past.turn(message.effort)
    for block in earlier:
        past.add("assistant", block)
    return pack({
        "model": request.model.id,
        "past": past.digest(),
        "previous": past.last,
        "text": digest(thinking.encode()),
    })  # fmt: skip


class _Past:
    """Everything said before a block, as a running hash; thinking is chained apart."""

    def __init__(self, request: WireRequest) -> None:
        start = [[bare(b) for b in request.system], [bare(t) for t in request.tools]]
        self._running = hashlib.sha256(canonical(start))
        self.last = ""

    def add(self, role: str, block: JSON) -> None:
        if block["type"] in _KINDS:
            self.last = digest(str(block.get("signature", block.get("data"))).encode())
        else:
            self._running.update(canonical([role, bare(block)]))

    def turn(self, effort: str | None) -> None:
        if effort is not None:
            self.add("system", effort_block(effort))

    def digest(self) -> str:
        return self._running.copy().hexdigest()[:24]


def check_bound(request: WireRequest) -> WireRequest:
    """Check every signed block, and return the request without those of another model.

    Raises the 400 for an edited block, and on models of the preserved kind for a block that is
    bound to a different conversation, unless the request asks to drop it.
    """
    past = _Past(request)
    kept = []
    for message in request.messages:
        blocks = []
        for number, block in enumerate(message.content):
            path = f"messages.{message.place}.content.{number}"
            if block["type"] in _KINDS and not _keeps(path, block, request, past):
                continue
            past.add(message.role, block)
            blocks.append(block)
        past.turn(message.effort)
        kept.append(replace(message, content=tuple(blocks)))
    _check_open_loop(request)
    return replace(request, messages=tuple(kept))


def _keeps(path: str, block: JSON, request: WireRequest, past: _Past) -> bool:
    signature = str(block.get("signature", block.get("data")))
    claims = unpack(signature)
    unsigned = f"{path}: Invalid `signature` in `thinking` block"
    if claims is None:
        raise invalid(unsigned)
    if block["type"] == "thinking" and claims["text"] != digest(block["thinking"].encode()):
        raise invalid(unsigned)
    if claims["model"] != request.model.id:
        return False
    same = claims["past"] == past.digest() and (not past.last or past.last == claims["previous"])
    if same or not request.model.preserved:
        return True
    binding = (request.body.get("thinking") or {}).get("block_binding") or {}
    if binding.get("prefix_mismatch_behavior") == "drop_block":
        return False
    raise invalid(
        f"{unsigned}. The block is bound to a different conversation. Remove the block, or set "
        '`thinking.block_binding.prefix_mismatch_behavior` to "drop_block".'
    )


def _check_open_loop(request: WireRequest) -> None:
    """Check that with manual thinking an open tool loop still begins with its thinking."""
    last = request.messages[-1]
    answers = any(block["type"] == "tool_result" for block in last.content)
    if request.thinking != "enabled" or not answers:
        return
    for message in reversed(request.messages):
        if message.role == "assistant":
            _check_begins(message)
            return


def _check_begins(message: WireMessage) -> None:
    kind = message.content[0]["type"]
    if kind not in _KINDS:
        raise invalid(
            f"messages.{message.place}.content.0.type: Expected `thinking` or `redacted_thinking`, "
            f"but found `{kind}`. When `thinking` is enabled, a final `assistant` message must "
            "start with a thinking block (preceding the lastmost set of `tool_use` and "
            "`tool_result` blocks)."
        )
