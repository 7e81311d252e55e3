"""The models the engine knows, with the rules that differ from one to the next.

A new model is one row of `MODELS`, newest first.
"""

from dataclasses import dataclass
from typing import Any

from chatrepl.demo.wire import JSON, ApiFault, invalid

_LEVELS = ("low", "medium", "high", "xhigh", "max")
_ADAPTIVE = frozenset({"adaptive"})
_BOTH = frozenset({"adaptive", "disabled"})
_MANUAL = frozenset({"enabled", "disabled"})
_MILLION = (1_000_000, 128_000)
_SMALL = (200_000, 64_000)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model and what it takes."""

    id: str
    name: str
    created: str
    size: tuple[int, int] = _MILLION  # window, longest reply; in tokens
    thinking: frozenset[str] = _BOTH
    thinks_by_default: bool = True
    effort: tuple[str, ...] = _LEVELS
    cache_minimum: int = 512
    prefill: bool = False
    system_role: bool = True  # a system message in mid-conversation, also with other tools
    turn_effort: bool = False  # and one with another effort
    preserved: bool = False  # thinking is bound to the conversation before it
    forced_tools: bool = True
    fast: bool = False
    old_tokens: bool = False  # the tokenizer before 4.7
    lifecycle: str = "active"
    deprecated: str | None = None
    retires: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def window(self) -> int:
        return self.size[0]

    @property
    def max_output(self) -> int:
        return self.size[1]

    @property
    def line(self) -> str:
        return self.id.split("-")[1]

    @property
    def shows_thinking(self) -> bool:
        """Whether thinking is summarised when the request does not say."""
        return self.old_tokens


def _new(name: str, created: str, **rules: Any) -> ModelCard:
    """Make a model of the preserved-thinking generation."""
    kept: dict[str, Any] = {
        "thinking": _ADAPTIVE, "preserved": True, "forced_tools": False, "turn_effort": True,
    }  # fmt: skip
    return ModelCard(_id(name), name, created, **kept | rules)


def _id(name: str) -> str:
    return name.lower().replace(" ", "-").replace(".", "-")


def _dated(name: str, date: str, created: str, **rules: Any) -> ModelCard:
    """Make a model of the 4.5 family, the last that takes a prefill."""
    return ModelCard(
        f"{_id(name)}-{date}", name, created, size=_SMALL, thinking=_MANUAL,
        thinks_by_default=False, prefill=True, system_role=False, old_tokens=True,
        aliases=(_id(name),), **rules,
    )  # fmt: skip


def _retired(name: str, created: str, retired: str) -> ModelCard:
    return ModelCard(
        name, name, created, size=(200_000, 32_000), lifecycle="retired",
        deprecated=created, retires=retired,
    )  # fmt: skip


_BETWEEN = frozenset({"adaptive", "between_tools"})
_QUIET: dict[str, Any] = {"thinks_by_default": False}
_OLD: dict[str, Any] = {**_QUIET, "system_role": False, "old_tokens": True}
_FOUR_SIX = {**_OLD, "thinking": _BOTH | {"enabled"}, "effort": ("low", "medium", "high", "max")}

MODELS: tuple[ModelCard, ...] = (
    _new("Claude Fable 5.2", "2026-11-11T00:00:00Z", fast=True),
    _new("Claude Mythos 5.2", "2026-11-11T00:00:00Z", fast=True),
    _new("Claude Haiku 5.5", "2026-10-28T00:00:00Z"),
    _new("Claude Sonnet 5.5", "2026-10-07T00:00:00Z", thinking=_BETWEEN),
    _new("Claude Fable 5.1", "2026-09-23T00:00:00Z"),
    _new("Claude Opus 5.5", "2026-09-16T00:00:00Z", fast=True),
    _new("Claude Mythos 5.1", "2026-09-09T00:00:00Z"),
    ModelCard(
        "claude-sonnet-5", "Claude Sonnet 5", "2026-07-29T00:00:00Z", cache_minimum=1024,
        system_role=False,
    ),
    ModelCard("claude-fable-5", "Claude Fable 5", "2026-07-15T00:00:00Z", thinking=_ADAPTIVE),
    ModelCard("claude-mythos-5", "Claude Mythos 5", "2026-07-15T00:00:00Z", thinking=_ADAPTIVE),
    ModelCard(
        "claude-opus-5", "Claude Opus 5", "2026-07-01T00:00:00Z", fast=True, turn_effort=True,
    ),
    ModelCard(
        "claude-opus-4-8", "Claude Opus 4.8", "2026-05-20T00:00:00Z", cache_minimum=1024,
        fast=True, **_QUIET,
    ),
    ModelCard(
        "claude-opus-4-7", "Claude Opus 4.7", "2026-04-16T00:00:00Z", cache_minimum=2048,
        system_role=False, **_QUIET,
    ),
    ModelCard(
        "claude-opus-4-6", "Claude Opus 4.6", "2026-02-05T00:00:00Z", cache_minimum=4096,
        **_FOUR_SIX,
    ),
    ModelCard(
        "claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17T00:00:00Z", cache_minimum=1024,
        **_FOUR_SIX,
    ),
    _dated(
        "Claude Opus 4.5", "20251101", "2025-11-24T00:00:00Z", cache_minimum=4096,
        effort=("low", "medium", "high"), lifecycle="deprecated",
        deprecated="2026-11-22T00:00:00Z", retires="2027-01-22T00:00:00Z",
    ),
    _dated("Claude Haiku 4.5", "20251001", "2025-10-15T00:00:00Z", cache_minimum=4096, effort=()),
    _dated(
        "Claude Sonnet 4.5", "20250929", "2025-09-29T00:00:00Z", cache_minimum=1024, effort=(),
        lifecycle="deprecated", deprecated="2026-06-30T00:00:00Z",
        retires="2026-11-30T00:00:00Z",
    ),
    _retired("claude-mythos-preview", "2026-04-07T00:00:00Z", "2026-06-30T00:00:00Z"),
    _retired("claude-opus-4-20250514", "2025-05-22T00:00:00Z", "2026-06-15T00:00:00Z"),
    _retired("claude-3-opus-20240229", "2024-02-29T00:00:00Z", "2026-01-05T00:00:00Z"),
)  # fmt: skip


def find(model_id: object) -> ModelCard | None:
    """Return the model of that id or alias, retired ones included."""
    for model in MODELS:
        if model_id == model.id or model_id in model.aliases:
            return model
    return None


def usable(model_id: object) -> ModelCard:
    """Return the model a request names; raises the service's 404 for unknown and retired ones."""
    model = find(model_id)
    if model is None or model.lifecycle == "retired":
        raise ApiFault(404, f"model: {model_id}")
    return model


def _yes(supported: object) -> JSON:
    return {"supported": bool(supported)}


def info(model: ModelCard) -> JSON:
    """Return the entry of the Models API."""
    kinds = ("adaptive", "between_tools", "disabled", "enabled")
    new = not model.prefill and model.lifecycle != "retired"
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.name,
        "created_at": model.created,
        "lifecycle": model.lifecycle,
        "deprecated_at": model.deprecated,
        "retires_at": model.retires,
        "line": model.line
        if model.line in {"haiku", "sonnet", "opus", "fable", "mythos"}
        else None,
        "max_input_tokens": model.window,
        "max_tokens": model.max_output,
        "capabilities": {
            "batch": _yes(True),
            "citations": _yes(True),
            "code_execution": _yes(new),
            "context_management": {
                "supported": True,
                "clear_thinking_20251015": _yes(True),
                "clear_tool_uses_20250919": _yes(True),
                "compact_20260112": _yes(new),
            },
            "effort": _yes(model.effort) | {x: _yes(x in model.effort) for x in _LEVELS},
            "image_input": _yes(True),
            "pdf_input": _yes(True),
            "server_tools": _yes(True) | {"code_execution": _yes(True), "web_search": _yes(True)},
            "structured_outputs": _yes(True),
            "thinking": {
                "supported": True,
                "types": {kind: _yes(kind in model.thinking) for kind in kinds},
            },
        },
    }


def page(query: dict[str, list[str]]) -> JSON:
    """Return one page of the list, newest first."""
    wanted = {part for value in query.get("lifecycle", []) for part in value.split(",")}
    wanted |= {part for value in query.get("lifecycle[]", []) for part in value.split(",")}
    wanted = wanted or {"active", "deprecated"}
    found = [model for model in MODELS if model.lifecycle in wanted]
    text = query.get("limit", ["20"])[0]
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise invalid("limit: Input should be between 1 and 1000")
    limit, ids = int(text), [model.id for model in found]
    after, before = query.get("after_id", [""])[0], query.get("before_id", [""])[0]
    for name, cursor in (("after_id", after), ("before_id", before)):
        if cursor and cursor not in ids:
            raise invalid(f"{name}: unknown model {cursor}")
    if before:
        end = ids.index(before)
        start, more = max(0, end - limit), end - limit > 0
    else:
        start = ids.index(after) + 1 if after else 0
        end, more = start + limit, start + limit < len(ids)
    data = [info(model) for model in found[start:end]]
    edge = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"data": data, "has_more": more, "first_id": edge[0], "last_id": edge[1]}
