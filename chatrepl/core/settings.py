"""Every setting, declared once: what it is called, which values it takes, how a typed one is read.

The TOML key, the `CHATREPL_…` variable, `--set`, `/set` with its completion and
config.example.toml are all read off the fields of `Settings`. To add a setting, add a field.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypeGuard

from chatrepl.core.errors import ConfigError
from chatrepl.core.value import frozen

SettingKind: TypeAlias = Literal["text", "integer", "number", "switch", "words", "table"]


@frozen
class Option:
    """One setting as the outside sees it. `key` is its name in the file, dots included.

    `least` and `most` bound a number; `least` is also how long a text must be.
    """

    name: str
    key: str
    kind: SettingKind
    default: Any
    about: str
    choices: tuple[str, ...]
    least: float
    most: float | None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CHATREPL_" + self.key.upper().replace(".", "_")


def check(opt: Option, value: object) -> Any:
    """Give `value` in the setting's own type. Raises ConfigError where it is none of its values."""
    wanted = _WANTED[opt.kind]
    if opt.kind == "words" and isinstance(value, list | tuple):
        value = tuple(value)
    if opt.kind == "number" and _is_int(value):
        value = float(value) if abs(value) < 10**300 else float("inf")
    if not _fits(opt.kind, value):
        # A table may hold secrets: what it holds is not repeated.
        given = "" if opt.kind == "table" else f", not {_show(value)}"
        raise ConfigError(f"{opt.key} takes {wanted}{given}.")
    if opt.choices and value not in opt.choices:
        offered = ", ".join(choice or '""' for choice in opt.choices)
        raise ConfigError(f"{opt.key} takes one of {offered}, not {_show(value)}.")
    if isinstance(value, str) and len(value.strip()) < opt.least:
        raise ConfigError(f"{opt.key} must not be empty.")
    if _is_int(value) or isinstance(value, float):
        _check_bounds(opt, value)
    return value


def _check_bounds(opt: Option, value: float) -> None:
    if value < opt.least:
        raise ConfigError(f"{opt.key} must be at least {opt.least:g}, not {_show(value)}.")
    if opt.most is not None and value > opt.most:
        raise ConfigError(f"{opt.key} must be at most {opt.most:g}, not {_show(value)}.")


def parse(opt: Option, text: str) -> Any:
    """Read a value that was typed: `--set`, `/set` and the environment. Raises ConfigError.

    Lists are parted by commas, tables are `name: value` parted by commas; both may be JSON.
    """
    match opt.kind:
        case "switch":
            return check(opt, _SWITCH.get(text.strip().casefold(), text))
        case "integer" | "number":
            return check(opt, _number(opt, text))
        case "words":
            listed = _json(text, "[")
            return check(opt, [p for p in text.split(",") if p] if listed is None else listed)
        case "table":
            table = _json(text, "{")
            return check(opt, _pairs(opt, text) if table is None else table)
        case _:
            return check(opt, text)


_SWITCH: Final = {
    "true": True, "on": True, "yes": True, "1": True,
    "false": False, "off": False, "no": False, "0": False,
}  # fmt: skip
_WANTED: Final[Mapping[SettingKind, str]] = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "words": "a list of texts that are not blank",
    "table": "header names with a text each",
}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def _number(opt: Option, text: str) -> object:
    try:
        return int(text) if opt.kind == "integer" else float(text)
    except ValueError:
        return text


def _json(text: str, opening: str) -> Any:
    if not text.lstrip().startswith(opening):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _pairs(opt: Option, text: str) -> dict[str, str]:
    pairs = {}
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if colon:
            pairs[name.strip()] = value.strip()
        elif part.strip():
            raise ConfigError(f"{opt.key} takes name: value, parted by commas, or a JSON object.")
    return pairs


def _fits(kind: SettingKind, value: object) -> bool:
    match kind:
        case "switch":
            return isinstance(value, bool)
        case "integer":
            return _is_int(value)
        case "number":
            return isinstance(value, float) and value - value == 0  # neither NaN nor infinite
        case "words":
            return isinstance(value, tuple) and all(
                isinstance(item, str) and item.strip() for item in value
            )
        case "table":
            return isinstance(value, Mapping) and all(map(_is_header, value, value.values()))
        case _:
            return isinstance(value, str)


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_header(name: object, value: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and _HEADER_NAME.fullmatch(name) is not None
        and _HEADER_VALUE.fullmatch(value) is not None
    )


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if _is_int(value) and value.bit_length() > 200:
        return "so large a number"
    return shown(repr(value))


def shown(text: str) -> str:
    """Cut `text` to what fits into a message of one line."""
    return text if len(text) <= 60 else text[:59] + "…"


NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


def _option(
    default: Any,
    about: str,
    *,
    key: str = "",
    choices: tuple[str, ...] = (),
    least: float = 0,
    most: float | None = None,
) -> Any:
    metadata = {"about": about, "key": key, "choices": choices, "least": least, "most": most}
    # Given by a factory: dataclasses take no unhashable default, though this one is frozen.
    return field(default_factory=lambda: default, metadata=metadata)


@frozen
class Settings:
    """All settings with their defaults; a field's comment in the example file is its `about`."""

    model: str = _option(
        "claude-sonnet-5-5", "The model to talk to: its id, or a part of it.", least=1
    )
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
    cite: bool = _option(True, "Number the sources in a text, and list them at its end.")
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
        0.8, "Share of the budget at which to warn.", key="context.warn_at", most=1
    )
    context_cut_to: float = _option(
        0.6, "Share of the budget to cut down to.", key="context.cut_to", most=1
    )
    context_summary_model: str = _option(
        "",
        "Model that writes summaries; empty is the one you talk to.",
        key="context.summary_model",
    )
    accessible: bool = _option(False, "No live repainting: plain lines for screen readers.")
    notify: bool = _option(False, "Ring the bell when a long reply is done.")


_KINDS: Mapping[type, SettingKind] = {bool: "switch", int: "integer", float: "number", str: "text"}


def _options() -> dict[str, Option]:
    options: dict[str, Option] = {}
    defaults = Settings()
    for f in fields(Settings):
        default = getattr(defaults, f.name)
        kind = _KINDS.get(type(default), "words" if isinstance(default, tuple) else "table")
        meta = f.metadata
        key = meta["key"] or f.name
        options[key] = Option(
            f.name,
            key,
            kind,
            default,
            meta["about"],
            meta["choices"],
            meta["least"],
            meta["most"],
        )
    return options


OPTIONS: Final[Mapping[str, Option]] = _options()


def option(key: str) -> Option:
    """Find a setting by its key. Raises ConfigError that names the nearest one."""
    setting = OPTIONS.get(key)
    if setting is None:
        near = nearest(key, OPTIONS)
        listed = "/config lists them, and config.example.toml explains them."
        hint = f"Did you mean {near}?" if near else listed
        raise ConfigError(f"There is no setting {shown(key)}.", hint)
    return setting


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Find the one of `words` that `word` was most likely meant to be."""
    import difflib

    listed = list(words)
    spelt = {key.casefold().rpartition(".")[2]: key for key in listed}
    spelt |= {key.casefold(): key for key in listed}
    meant = word[:100].casefold()
    last = meant.rpartition(".")[2]  # perhaps in the wrong section
    near = [last] if last in spelt else difflib.get_close_matches(meant, spelt, n=1, cutoff=0.6)
    return spelt[near[0]] if near else None
