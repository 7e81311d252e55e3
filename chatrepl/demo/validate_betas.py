"""The parameters that need a beta header, or an earlier version of the API.

A new one is one row of `_BETAS`.
"""

from typing import Any

from chatrepl.demo.fields import (
    Check,
    array,
    flag,
    maybe,
    one_of,
    record,
    shape,
    text,
    typed,
    whole,
)
from chatrepl.demo.models import ModelCard, usable
from chatrepl.demo.wire import JSON, ApiFault, invalid

MCP = "mcp-client-2025-11-20"
FALLBACK = "server-side-fallback-2026-07-01"
COMPACT = "compact-2026-09-04"
COMPACT_BY_ITSELF = "compact-2026-01-12"
EDITS = "context-management-2025-06-27"
THREADS = "message-threads-2026-08-12"
STRUCTURED = "structured-outputs-2025-11-13"  # the form of a reply, as it was asked for at first
EARLIER = "2023-06-01"  # the version that still takes sampling parameters, on earlier models
LEAST_TRIGGER = 50_000  # input tokens
_SAMPLING = ("temperature", "top_p", "top_k")

Betas = frozenset[str]


def _compaction(path: str, value: Any) -> None:
    shape(path, value, {"type": one_of("summarize")}, {"instructions": maybe(text)})


def _trigger(path: str, value: Any) -> None:
    shape(path, value, {"type": one_of("input_tokens"), "value": whole}, {})
    if value["value"] < LEAST_TRIGGER:
        raise invalid(f"{path}.value: Input should be greater than or equal to {LEAST_TRIGGER}")


_EDITS: dict[str, tuple[dict[str, Check], dict[str, Check]]] = {
    "compact_20260112": (
        {}, {"trigger": maybe(_trigger), "instructions": maybe(text),
             "pause_after_compaction": flag},
    ),
    "clear_thinking_20251015": ({}, {"keep": lambda _path, _value: None}),
    "clear_tool_uses_20250919": (
        {}, dict.fromkeys(
            ("trigger", "keep", "clear_at_least", "exclude_tools", "clear_tool_inputs"),
            lambda _path, _value: None,
        ),
    ),
}  # fmt: skip


def _management(path: str, value: Any) -> None:
    shape(path, value, {}, {"edits": array})
    for place, edit in enumerate(value.get("edits") or []):
        typed(f"{path}.edits.{place}", edit, _EDITS)


def _fallbacks(path: str, value: Any) -> None:
    if isinstance(value, str):
        one_of("default")(path, value)
        return
    array(path, value)
    more: dict[str, Check] = {
        "max_tokens": maybe(whole),
        "thinking": maybe(record),
        "output_config": maybe(record),
        "speed": maybe(one_of("standard", "fast")),
    }
    for place, entry in enumerate(value):
        shape(f"{path}.{place}", entry, {"model": text}, more)
        usable(entry["model"])


def _thread(path: str, value: Any) -> None:
    """Say in the service's code that this account holds no conversations.

    Its clients then send the whole conversation, as they do for accounts that may not have any.
    """
    record(path, value)
    details = {"error_code": "thread_unsupported_request", "unsupported": []}
    raise ApiFault(400, f"{path}: the demo engine holds no conversations", details)


_BETAS: dict[str, tuple[frozenset[str], Check]] = {
    "mcp_servers": (frozenset({MCP}), array),
    "fallbacks": (frozenset({FALLBACK}), _fallbacks),
    "compaction": (frozenset({COMPACT}), _compaction),
    "context_management": (frozenset({COMPACT_BY_ITSELF, EDITS}), _management),
    "thread": (frozenset({THREADS}), maybe(_thread)),
}


def beta_checks(betas: Betas) -> dict[str, Check]:
    """Return the parameters that the beta headers of a request open."""
    return {name: check for name, (needed, check) in _BETAS.items() if needed & betas}


def with_form(body: JSON, betas: Betas) -> JSON:
    """Return the body with the form of the reply where it is asked for today."""
    if STRUCTURED not in betas or "output_format" not in body:
        return body
    rest = {name: value for name, value in body.items() if name != "output_format"}
    config = body.get("output_config") or {}
    record("output_config", config)
    if config.get("format") is not None:
        raise invalid("output_format: cannot be combined with `output_config.format`")
    return {**rest, "output_config": {**config, "format": body["output_format"]}}


def check_compaction(body: JSON) -> None:
    """Check that a request for a summary asks for nothing that comes after one."""
    if body.get("compaction") is None:
        return
    forced = (body.get("tool_choice") or {}).get("type") in {"any", "tool"}
    for bad, name in (
        (body.get("context_management"), "context_management"),
        (body.get("stop_sequences"), "stop_sequences"),
        (forced, "tool_choice"),
        ((body.get("output_config") or {}).get("format"), "output_config.format"),
    ):
        if bad:
            raise invalid(f"compaction: cannot be combined with `{name}`")


def check_sampling(body: JSON, model: ModelCard, version: str) -> JSON:
    """Check the sampling parameters, and return the body without them."""
    given = {name: body[name] for name in _SAMPLING if name in body}
    for name, value in given.items():
        if version != EARLIER:
            raise invalid(f"{name}: Extra inputs are not permitted")
        _check_number(name, value)
        if not model.old_tokens and value != 1:
            raise invalid(f"`{name}` is deprecated for this model.")
    if {"temperature", "top_p"} <= given.keys() and model.prefill:
        raise invalid(
            "`temperature` and `top_p` cannot both be specified for this model. "
            "Please use only one."
        )
    thinking = body.get("thinking")
    thinks = isinstance(thinking, dict) and thinking.get("type") in ("enabled", "adaptive")
    if thinks and given.get("temperature", 1) != 1:
        raise invalid("`temperature` may only be set to 1 when thinking is enabled.")
    return {name: value for name, value in body.items() if name not in given}


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{name}: Input should be a valid number")
    if value < 0:
        raise invalid(f"{name}: Input should be greater than or equal to 0")
    if name != "top_k" and value > 1:
        raise invalid(f"{name}: range: 0..1")
