"""Every setting, declared once.

The TOML key, the `CHATREPL_…` variable, `--set`, `/set` with its completion and
config.example.toml are all read off the fields of `Settings`. To add a setting, add a field.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from chatrepl.core.errors import ConfigError

Kind: TypeAlias = Literal["text", "integer", "number", "switch", "words", "table"]
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


def _option(
    default: Any, about: str, *, key: str = "", choices: tuple[str, ...] = (), least: float = 0
) -> Any:
    metadata = {"about": about, "key": key, "choices": choices, "least": least}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; a field's comment in the example file is its `about`."""

    model: str = _option("claude-sonnet-5-5", "The model to talk to: its id, or a part of it.")
    system: str = _option("", "System prompt; @FILE reads it from a file.")
    max_tokens: int = _option(8192, "Longest reply, in tokens.", least=1)
    stop_sequences: tuple[str, ...] = _option((), "Texts at which a reply ends.")
    retries: int = _option(4, "Attempts after the first, when the service is busy or away.")
    timeout_s: float = _option(120.0, "Seconds without any answer before giving up.", least=1)
    base_url: str = _option("", "Another server that speaks the Messages API.")
    api_key_command: str = _option("", "A command that prints the API key.")
    headers: Mapping[str, str] = _option(NO_HEADERS, "Further HTTP headers.")
    save: bool = _option(True, "Keep conversations on disk; false writes nothing at all.")
    render: str = _option(
        "markdown", "How replies are shown on a terminal.", choices=("markdown", "raw")
    )
    theme: str = _option("auto", "Colours.", choices=("auto", "dark", "light", "none", "contrast"))
    color: str = _option("auto", "When to use colour.", choices=("auto", "always", "never"))
    editing_mode: str = _option("emacs", "Keys at the prompt.", choices=("emacs", "vi"))
    multiline: bool = _option(False, "Enter makes a new line; Alt-Enter sends.")
    thinking: str = _option(
        "auto", "Whether the model thinks first, where it can.", choices=("auto", "on", "off")
    )
    show_thinking: bool = _option(True, "Show the model's thinking, dim and collapsed.")
    effort: str = _option(
        "",
        "How hard the model tries; empty is the model's own default.",
        choices=("", "low", "medium", "high", "xhigh", "max"),
    )
    web: bool = _option(False, "Let the service search the web.")
    head_start: bool = _option(True, "Send a single shot's request before the SDK is loaded.")
    max_cost_usd: float = _option(0.0, "Ask before a session costs more than this; 0 never asks.")
    cache_enabled: bool = _option(True, "Use the service's prompt cache.", key="cache.enabled")
    cache_ttl: str = _option(
        "auto",
        "How long cached input lives: 1h in a chat, 5m for a single shot.",
        key="cache.ttl",
        choices=("auto", "5m", "1h"),
    )
    context_policy: str = _option(
        "ask",
        "What to do when the context budget is used up.",
        key="context.policy",
        choices=("ask", "drop", "summary", "relevant", "off"),
    )
    context_budget_tokens: int = _option(
        0, "Context to send at most, in tokens; 0 is the model's own.", key="context.budget_tokens"
    )
    context_warn_at: float = _option(
        0.8, "Share of the budget at which to warn.", key="context.warn_at"
    )
    context_cut_to: float = _option(
        0.6, "Share of the budget to cut down to.", key="context.cut_to"
    )
    context_summary_model: str = _option(
        "",
        "Model that writes summaries; empty is the one you talk to.",
        key="context.summary_model",
    )
    accessible: bool = _option(False, "No live repainting: plain lines for screen readers.")
    notify: bool = _option(False, "Ring the bell when a long reply is done.")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting as the outside sees it. `key` is its name in the file, dots included."""

    name: str
    key: str
    kind: Kind
    default: Any
    about: str
    choices: tuple[str, ...]
    least: float

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CHATREPL_" + self.key.upper().replace(".", "_")


_KINDS: Mapping[type, Kind] = {bool: "switch", int: "integer", float: "number", str: "text"}


def _options() -> dict[str, Option]:
    found: dict[str, Option] = {}
    for f in fields(Settings):
        kind = _KINDS.get(type(f.default), "words" if isinstance(f.default, tuple) else "table")
        about = f.metadata
        key = about["key"] or f.name
        found[key] = Option(
            f.name, key, kind, f.default, about["about"], about["choices"], about["least"]
        )
    return found


OPTIONS: Final[Mapping[str, Option]] = _options()


def option(key: str) -> Option:
    """Find a setting by its key. Raises ConfigError that names the nearest one."""
    found = OPTIONS.get(key)
    if found is None:
        near = difflib.get_close_matches(key, OPTIONS, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]}?" if near else "chatrepl --help lists what there is."
        raise ConfigError(f"There is no setting {key}.", hint)
    return found


def check(opt: Option, value: object) -> Any:
    """Give `value` in the setting's own type. Raises ConfigError where it is none of its values."""
    wanted = _WANTED[opt.kind]
    if opt.kind == "words" and isinstance(value, list | tuple):
        value = tuple(value)
    if opt.kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not _fits(opt.kind, value):
        raise ConfigError(f"{opt.key} takes {wanted}, not {_show(value)}.")
    if opt.choices and value not in opt.choices:
        offered = ", ".join(choice or '""' for choice in opt.choices)
        raise ConfigError(f"{opt.key} takes one of {offered}, not {_show(value)}.")
    if isinstance(value, int | float) and not isinstance(value, bool) and value < opt.least:
        raise ConfigError(f"{opt.key} must be at least {opt.least:g}, not {_show(value)}.")
    return value


def parse(opt: Option, text: str) -> Any:
    """Read a value that was typed: `--set`, `/set` and the environment. Raises ConfigError."""
    match opt.kind:
        case "switch":
            if text.casefold() not in _SWITCH:
                raise ConfigError(f"{opt.key} takes true or false, not {_show(text)}.")
            return _SWITCH[text.casefold()]
        case "integer" | "number":
            try:
                number: float = int(text) if opt.kind == "integer" else float(text)
            except ValueError:
                raise ConfigError(
                    f"{opt.key} takes {_WANTED[opt.kind]}, not {_show(text)}."
                ) from None
            return check(opt, number)
        case "words":
            return tuple(part for part in text.split(",") if part)
        case "table":
            pairs = (part.partition(":") for part in text.split(",") if part)
            return {name.strip(): value.strip() for name, _, value in pairs}
        case "text":
            return check(opt, text)


_SWITCH: Final = {
    "true": True, "on": True, "yes": True, "1": True,
    "false": False, "off": False, "no": False, "0": False,
}  # fmt: skip
_WANTED: Final[Mapping[Kind, str]] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "words": "a list of texts",
    "table": "a table of texts",
}


def _fits(kind: Kind, value: object) -> bool:
    match kind:
        case "switch":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, float) and value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN
        case "words":
            return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
        case "table":
            return isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values())
        case "text":
            return isinstance(value, str)


def _show(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
