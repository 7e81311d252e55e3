"""The parameters of a request, all of its body but the messages; and what of the settings is not
sent, because the model or the service does not take it.

A new parameter goes into `plain_params`; where it is not for every model, `unsent` gets a line.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from chatrepl.core.model_names import DEFAULT
from chatrepl.core.models import Model
from chatrepl.core.settings import Settings
from chatrepl.core.wire import Wire

WEB_TOOL: Final[Wire] = {"type": "web_search_20260318", "name": "web_search", "max_uses": 5}
OLD_WEB_TOOL: Final[Wire] = {**WEB_TOOL, "type": "web_search_20250305"}  # without filters by code
FETCH_TOOL: Final[Wire] = {"type": "web_fetch_20260318", "name": "web_fetch"}
OLD_FETCH_TOOL: Final[Wire] = {**FETCH_TOOL, "type": "web_fetch_20250910"}
CODE_TOOL: Final[Wire] = {"type": "code_execution_20260521", "name": "code_execution"}
OLD_CODE_TOOL: Final[Wire] = {**CODE_TOOL, "type": "code_execution_20250825"}
_CALLED_BY_CODE: Final = frozenset({WEB_TOOL["type"], FETCH_TOOL["type"]})
_CODE_NAMES: Final = frozenset(
    {"code_execution", "bash_code_execution", "text_editor_code_execution"}
)
THINKING_BUDGET_TOKENS: Final = 4096
LEAST_BUDGET_TOKENS: Final = 1024
FAST_MODE: Final = "fast-mode-2026-02-01"
CONNECTOR: Final = "mcp-client-2025-11-20"
FALLBACK: Final = "server-side-fallback-2026-07-01"
_SAMPLED_VERSION: Final = "2023-06-01"  # the last that knows them
_THINKING_LIMIT: Final = 32_000
_HARD_LIMIT: Final = 64_000  # what the docs advise at the two highest efforts
_USUAL_LIMIT: Final = 8192
_ALL_KINDS: Final = frozenset({"adaptive", "enabled", "disabled"})


def effort_of(settings: Settings, model: Model) -> str:
    """Give the effort that is asked for; empty leaves it to the model."""
    return allowed_effort(settings.effort, model)


def allowed_effort(effort: str, model: Model) -> str:
    """Give an effort where the model takes it, else nothing."""
    return effort if model.is_new or effort in model.efforts else ""


def wants_thinking(settings: Settings, model: Model) -> bool:
    """Tell whether the model is to think although it would not by itself."""
    by_budget = settings.thinking_budget is not None and "enabled" in _kinds(model)
    return settings.thinking == "on" or (settings.thinking == "auto" and by_budget)


def thinking_param(
    settings: Settings, model: Model, *, prefilled: bool = False
) -> Mapping[str, Any] | None:
    """Say what to ask about thinking; None leaves it to the model."""
    kinds = _kinds(model)
    is_shown = settings.show_thinking and "thinking.display" not in model.refused
    display = {"display": "summarized"} if is_shown else {}
    if settings.thinking == "off" or prefilled:
        off = next((kind for kind in ("disabled", "between_tools") if kind in kinds), None)
        may_think = model.thinks_by_default or (model.is_new and not prefilled)
        return {"type": off} if off and may_think else None
    wanted, budget = wants_thinking(settings, model), settings.thinking_budget
    if wanted and "enabled" in kinds and (budget or "adaptive" not in kinds):
        return {"type": "enabled", "budget_tokens": budget or THINKING_BUDGET_TOKENS, **display}
    if "adaptive" in kinds and (wanted or (model.thinks_by_default and display)):
        return {"type": "adaptive", **display}
    return None


def _kinds(model: Model) -> frozenset[str]:
    kinds = _ALL_KINDS if model.is_new else model.thinking
    if "thinking" in model.refused:
        return frozenset()
    return frozenset(kind for kind in kinds if f"thinking.type.{kind}" not in model.refused)


def reply_limit(settings: Settings, model: Model, thinking: Wire | None) -> int:
    """Give the most tokens of a reply, its thinking included: the settings' or the model's own.

    By itself it leaves the context its budget; more than the model writes is never asked for.
    """
    limit = settings.max_tokens or _own_limit(settings, model, thinking)
    return min(limit, model.max_output or limit)


def will_think(model: Model, thinking: Wire | None) -> bool:
    """Tell whether a model thinks first when it is asked so; None asks nothing."""
    return model.thinks_by_default if thinking is None else thinking["type"] in _THINKS


def _own_limit(settings: Settings, model: Model, thinking: Wire | None) -> int:
    limit = _THINKING_LIMIT if will_think(model, thinking) else _USUAL_LIMIT
    if effort_of(settings, model) in {"xhigh", "max"}:
        limit = _HARD_LIMIT
    if not model.known:
        limit = _USUAL_LIMIT
    window = model.context_window
    return limit if window is None else min(limit, window - model.budget_tokens)


_THINKS: Final = frozenset({"adaptive", "enabled"})


def limited(
    settings: Settings, model: Model, thinking: Wire | None, more: int = 0
) -> tuple[int, Wire | None]:
    """Give the most tokens of a reply, and thinking whose budget leaves room in them.

    `more` tokens are added to the reply, where the model can write them.
    """
    limit = reply_limit(settings, model, thinking) + more
    budget = 0 if thinking is None else int(thinking.get("budget_tokens", 0))
    if budget and limit <= budget:
        limit += budget
    limit = min(limit, model.max_output or limit)
    if thinking is None or budget < limit:
        return limit, thinking
    return limit, {**thinking, "budget_tokens": max(LEAST_BUDGET_TOKENS, limit // 2)}


def plain_params(settings: Settings, model: Model, *, sampling: bool) -> dict[str, Any]:
    """Give what goes out as it is set, nearly the same for every model."""
    wanted = {
        "speed": "" if model.fast is False else settings.speed,
        "fallbacks": fallbacks(settings.fallback_models),
        "service_tier": settings.service_tier,
        "inference_geo": settings.inference_geo,
        "metadata": {"user_id": settings.user_id} if settings.user_id else {},
    }
    params: dict[str, Any] = {key: value for key, value in wanted.items() if value}
    return params | (_sampling(settings) if sampling else {})


def fallbacks(models: tuple[str, ...]) -> str | list[Wire]:
    """Say which models are asked where the first declines: the service's choice, or these."""
    return models[0] if models == (DEFAULT,) else [{"model": model} for model in models]


def _sampling(settings: Settings) -> dict[str, float]:
    wanted = {
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "top_k": settings.top_k,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def takes_sampling(settings: Settings, model: Model, *, official: bool) -> bool:
    """Tell whether temperature and its like are taken; `official` is the service of Anthropic.

    It refuses them since its version of 2026-10-21, and before that for 4.7 and later.
    """
    versions = (v for name, v in settings.headers.items() if name.lower() == "anthropic-version")
    is_old = next(versions, "") == _SAMPLED_VERSION and model.tokenizer == "v3"
    return not official or is_old


def web_tool(settings: Settings, model: Model) -> Wire:
    """Declare the search of the web as the settings want it."""
    tool = WEB_TOOL if _has_new_tools(model) else OLD_WEB_TOOL
    place = settings.web_location
    near = {"user_location": {"type": "approximate", **place}} if place else {}
    return {**tool, "max_uses": settings.web_max_uses, **_web_options(settings, model, near)}


def fetch_tool(settings: Settings, model: Model) -> Wire:
    """Declare the reading of pages as the settings want it."""
    tool = FETCH_TOOL if _has_new_tools(model) else OLD_FETCH_TOOL
    return {**tool, "max_uses": settings.web_max_uses, **_web_options(settings, model, {})}


def _web_options(settings: Settings, model: Model, near: Wire) -> Wire:
    """Give what both tools of the web take; those of older models are never called by code."""
    is_new = _has_new_tools(model)
    options = {
        "allowed_domains": list(settings.web_allowed_domains),
        "blocked_domains": list(settings.web_blocked_domains),
        **near,
        "allowed_callers": ["direct"] if settings.web_direct and is_new else [],
        "response_inclusion": settings.web_inclusion if is_new else "",
    }
    return {key: value for key, value in options.items() if value}


def code_tool(model: Model) -> Wire:
    """Declare the running of code."""
    return CODE_TOOL if _has_new_tools(model) else OLD_CODE_TOOL


def service_tools(settings: Settings, model: Model) -> list[Wire]:
    """Declare the service's own tools that are switched on, as far as the model has them."""
    web, code = settings.web and model.web, settings.code and model.code
    search = [web_tool(settings, model)] if web else []
    fetch = [fetch_tool(settings, model)] if web and settings.web == "fetch" else []
    return [*search, *fetch, *([code_tool(model)] if code else [])]


def provided(tools: Iterable[Wire]) -> frozenset[str]:
    """Name what those tools let the model call; the newer web tools bring the code."""
    tools = tuple(tools)
    names = frozenset(str(tool.get("name")) for tool in tools)
    brings_code = "code_execution" in names or any(map(_brings_code, tools))
    return names | (_CODE_NAMES if brings_code else frozenset())


def _has_new_tools(model: Model) -> bool:
    return not model.known or "adaptive" in model.thinking


def past_tools(names: AbstractSet[str], settings: Settings, model: Model) -> list[Wire]:
    """Declare the tools of the service whose calls are sent: it takes none without its tool."""
    makers = {"web_search": web_tool, "web_fetch": fetch_tool} if model.web else {}
    tools = [make(settings, model) for name, make in makers.items() if name in names]
    if names & _CODE_NAMES and model.code and not any(map(_brings_code, tools)):
        tools.append(code_tool(model))
    return tools


def _brings_code(tool: Wire) -> bool:
    """Tell whether a tool is one of the newer web tools, which are called by code of their own."""
    return tool.get("type") in _CALLED_BY_CODE and "allowed_callers" not in tool


def betas_of(settings: Settings, params: Wire) -> tuple[str, ...]:
    """Name the beta features that a request of those parameters needs."""
    fast = (FAST_MODE,) if params.get("speed") == "fast" else ()
    fallback = (FALLBACK,) if params.get("fallbacks") else ()
    remote = (CONNECTOR,) if params.get("mcp_servers") else ()
    return tuple(dict.fromkeys((*settings.betas, *fast, *fallback, *remote)))


def merged(params: Wire, extra: Wire) -> dict[str, Any]:
    """Merge `extra` into `params` at any depth: lists are replaced, None takes a key away."""
    result = dict(params)
    for key, value in extra.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def without(params: dict[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    """Give parameters without those that are `refused`, such as `thinking.display`."""
    if not refused:
        return params
    pruned = {key: _pruned(key, value, refused) for key, value in params.items()}
    if "type" not in pruned.get("thinking", {}):
        pruned.pop("thinking", None)
    return {key: value for key, value in pruned.items() if key not in refused and value != {}}


def _pruned(path: str, value: Any, refused: frozenset[str]) -> Any:
    if isinstance(value, list):  # of blocks or tools, which may have marks
        return [_pruned("", item, refused) for item in value]
    if not isinstance(value, Mapping):
        return value
    pruned = {}
    for key, part in value.items():
        is_mark = key == "cache_control"
        name = key if is_mark else f"{path}.{key}"
        if name not in refused and f"{name}.{part}" not in refused:
            pruned[key] = _pruned(name, part, refused) if is_mark else part
    return pruned


def unsent(settings: Settings, model: Model, *, official: bool) -> tuple[str, ...]:
    """Say, a line each, what the settings ask for and is not sent, or not as it stands."""
    return tuple(_unsent(settings, model, official=official))


def _unsent(settings: Settings, model: Model, *, official: bool) -> Iterator[str]:
    yield from _unthought(settings, model)
    if settings.web and not model.web:
        yield f"web is not sent: {model.id} has no web search."
    if settings.code and not model.code:
        yield f"code is not sent: {model.id} runs no code."
    if settings.speed and model.fast is False:
        yield f"speed {settings.speed} is not sent: {model.id} has no fast mode."
    asked = _sampling(settings)
    if asked and not takes_sampling(settings, model, official=official):
        yield f"Not sent, since api.anthropic.com refuses it: {', '.join(asked)}."
    if settings.max_tokens > (model.max_output or settings.max_tokens):
        yield f"max_tokens is lowered to {model.max_output:,}: {model.id} writes no more."


def _unthought(settings: Settings, model: Model) -> Iterator[str]:
    """Say what of effort and thinking is not sent."""
    thinking = thinking_param(settings, model)
    limit, fitted = limited(settings, model, thinking)
    if settings.effort and not effort_of(settings, model):
        levels = ", ".join(model.efforts) or "no effort levels"
        yield f"effort {settings.effort} is not sent: {model.id} has {levels}."
    if settings.thinking == "on" and thinking is None:
        yield f"thinking is not asked for: {model.id} cannot think first."
    if settings.thinking == "off" and model.always_thinks:
        yield f"thinking off is not sent: {model.id} always thinks first."
    if settings.thinking_budget is not None and settings.thinking != "off":
        budget = 0 if fitted is None else fitted.get("budget_tokens", 0)
        if not budget:
            yield f"thinking_budget is not sent: {model.id} takes none."
        elif budget != settings.thinking_budget:
            yield f"thinking_budget is lowered to {budget:,}: a reply has at most {limit:,} tokens."
