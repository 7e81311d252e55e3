"""Every setting, declared once.

The TOML key, the `CHATREPL_…` variable, `--set`, `/set` with its completion and
config.example.toml are all read off the fields of `Settings`. To add a setting, add a field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from types import MappingProxyType
from typing import Any, Final

from chatrepl.core.errors import ConfigError
from chatrepl.core.frozen import frozen
from chatrepl.core.option import Kind, Option, check, parse, shown

__all__ = ["OPTIONS", "Option", "Settings", "check", "nearest", "option", "parse"]

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


_KINDS: Mapping[type, Kind] = {bool: "switch", int: "integer", float: "number", str: "text"}


def _options() -> dict[str, Option]:
    found: dict[str, Option] = {}
    defaults = Settings()
    for f in fields(Settings):
        default = getattr(defaults, f.name)
        kind = _KINDS.get(type(default), "words" if isinstance(default, tuple) else "table")
        said = f.metadata
        key = said["key"] or f.name
        found[key] = Option(
            f.name,
            key,
            kind,
            default,
            said["about"],
            said["choices"],
            said["least"],
            said["most"],
        )
    return found


OPTIONS: Final[Mapping[str, Option]] = _options()


def option(key: str) -> Option:
    """Find a setting by its key. Raises ConfigError that names the nearest one."""
    found = OPTIONS.get(key)
    if found is None:
        near = nearest(key, OPTIONS)
        known = "/config lists them, and config.example.toml explains them."
        hint = f"Did you mean {near}?" if near else known
        raise ConfigError(f"There is no setting {shown(key)}.", hint)
    return found


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Find the one of `words` that `word` was most likely meant to be."""
    import difflib

    listed = list(words)
    spelt = {known.casefold().rpartition(".")[2]: known for known in listed}
    spelt |= {known.casefold(): known for known in listed}
    meant = word[:100].casefold()
    last = meant.rpartition(".")[2]  # perhaps in the wrong section
    near = [last] if last in spelt else difflib.get_close_matches(meant, spelt, n=1, cutoff=0.6)
    return spelt[near[0]] if near else None
