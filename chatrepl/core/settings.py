"""Every setting, declared once: what it is called, and which values it takes.

The TOML key, the `CHATREPL_…` variable, `--set`, `/set` with its completion and
config.example.toml are all read off the fields of `Settings`. To add a setting, add a field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from types import MappingProxyType
from typing import Any, Final

from chatrepl.core.errors import ConfigError
from chatrepl.core.setting_values import Option, SettingKind, shown
from chatrepl.core.value import frozen

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


_KINDS: Final[Mapping[type, SettingKind]] = {
    bool: "switch",
    int: "integer",
    float: "number",
    str: "text",
    tuple: "words",
}


def _option(default: Any, about: str, **more: Any) -> Any:
    """Declare a setting; `more` are fields of its Option, where they are not the usual ones."""
    usual = {"key": "", "kind": _KINDS.get(type(default)), "choices": (), "least": 0, "most": None}
    metadata = {**usual, **more, "about": about}
    # Given by a factory: dataclasses take no unhashable default, though this one is frozen.
    return field(default_factory=lambda: default, metadata=metadata)


@frozen
class Settings:
    """All settings with their defaults; a field's comment in the example file is its `about`."""

    model: str = _option(
        "claude-sonnet-5-5", "The model to talk to: its id, or a part of it.", least=1
    )
    system: str = _option("", "System prompt; @FILE reads it from a file.")
    max_tokens: int = _option(
        0,
        "Longest reply, in tokens; 0 is as long as suits the model: 32,000 where it thinks, "
        "64,000 at effort xhigh and max, else 8,192.",
    )
    stop_sequences: tuple[str, ...] = _option((), "Texts at which a reply ends.")
    retries: int = _option(4, "Attempts after the first, when the service is busy or away.")
    timeout_s: float = _option(120.0, "Seconds without any answer before giving up.", least=1)
    base_url: str = _option("", "Another server that speaks the Messages API.")
    api_key_command: str = _option(
        "",
        "A program that prints the API key: a list of words, or a text that is split into words.",
        kind="command",
    )
    allow_http: tuple[str, ...] = _option(
        (), "Hosts in your own network that keys may be sent to over plain http."
    )
    headers: Mapping[str, str] = _option(EMPTY, "Further HTTP headers.", kind="headers")
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
    thinking_budget: int | None = _option(
        None,
        "Tokens to think with, for models that take a budget (4.5 and 4.6); empty is 4,096.",
        kind="integer",
        least=1024,
    )
    temperature: float | None = _option(
        None, "How freely words are chosen; api.anthropic.com takes it no more.", kind="number"
    )
    top_p: float | None = _option(
        None, "Share of likely words to choose from; as temperature.", kind="number", most=1
    )
    top_k: int | None = _option(
        None, "Number of likely words to choose from; as temperature.", kind="integer"
    )
    speed: str = _option(
        "", "Faster replies at a higher price, where a model has it.", choices=("", "fast")
    )
    fallback_models: tuple[str, ...] = _option(
        (),
        "Models that the service asks in turn where the model declines; default is its own choice.",
        kind="models",
    )
    service_tier: str = _option(
        "", "Whether reserved capacity may be used.", choices=("", "auto", "standard_only")
    )
    inference_geo: str = _option("", "Where the model is to run, such as us.")
    user_id: str = _option("", "Who asks, as an id of yours without any name; sent as metadata.")
    betas: tuple[str, ...] = _option((), "Names of beta features to ask for.", kind="names")
    extra_body: Mapping[str, Any] = _option(
        EMPTY,
        "What else a request's body is to hold, merged into it last: lists are replaced, and a "
        "null, which needs JSON in a text, takes a key away.",
        kind="body",
    )
    cite: bool = _option(True, "Number the sources in a text, and list them at its end.")
    cite_documents: bool = _option(
        False, "Let replies cite the documents that are attached, with page or place."
    )
    web: bool | str = _option(
        False,
        "Let the service search the web; fetch lets it also read pages that the talk names.",
        choices=("fetch",),
    )
    web_max_uses: int = _option(
        5, "Searches in one reply at most, and pages read.", key="web.max_uses", least=1
    )
    web_allowed_domains: tuple[str, ...] = _option(
        (), "Search and read these domains only.", key="web.allowed_domains", kind="domains"
    )
    web_blocked_domains: tuple[str, ...] = _option(
        (), "Search and read anywhere but here.", key="web.blocked_domains", kind="domains"
    )
    web_location: Mapping[str, str] = _option(
        EMPTY,
        "Where you are, for what is near: city, region, country (two letters), timezone.",
        key="web.location",
        kind="place",
    )
    web_direct: bool = _option(
        False, "Let the model alone search, and no code that it runs.", key="web.direct"
    )
    web_inclusion: str = _option(
        "",
        "Whether what code found and used up comes back with the reply.",
        key="web.inclusion",
        choices=("", "full", "excluded"),
    )
    code: bool = _option(False, "Let the service run code while it answers.")
    tools_max_rounds: int = _option(
        20, "Times that a reply may call tools on this machine.", key="tools.max_rounds", least=1
    )
    head_start: bool = _option(
        True, "Send requests without loading the SDK, where they are the same."
    )
    max_cost_usd: float = _option(
        0.0, "A run costs no more than this, a chat only after a question; 0 is no bound."
    )
    budget_day_usd: float = _option(
        0.0, "All chatrepls cost no more than this in a day; 0 is no bound.", key="budget.day_usd"
    )
    budget_month_usd: float = _option(
        0.0,
        "All chatrepls cost no more than this in a month; 0 is no bound.",
        key="budget.month_usd",
    )
    cache_enabled: bool = _option(True, "Use the service's prompt cache.", key="cache.enabled")
    cache_ttl: str = _option(
        "auto",
        "How long cached input lives: 1h in a chat, 5m for a single shot.",
        key="cache.ttl",
        choices=("auto", "5m", "1h"),
    )
    cache_ask_usd: float = _option(
        0.1,
        "A message that has the whole past written to the cache anew, for more than this, is asked "
        "about first; 0 asks never.",
        key="cache.ask_usd",
    )
    cache_keep_warm: str = _option(
        "off",
        "Read the cache again before it expires while a chat waits for you: auto does where that "
        "is expected to save more than it costs, by how long you were away before.",
        key="cache.keep_warm",
        choices=("off", "auto"),
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
    keep_hidden: bool = _option(
        False, "Send also characters that nobody sees: escapes, tags, overrides of direction."
    )
    accessible: bool = _option(
        False,
        "For screen readers: nothing but text, colours and line ends, and each reply at once.",
    )
    notify: bool = _option(
        False, "Call you when a reply is done and the window is not in focus; else after 10 s."
    )
    title: bool = _option(False, "Name the terminal's window after the conversation.")
    titles: str = _option(
        "words",
        "What an unnamed conversation is called by: its first words, or a title that the cheapest "
        "model gives it after the first reply.",
        choices=("words", "model"),
    )


def _options() -> dict[str, Option]:
    options: dict[str, Option] = {}
    defaults = Settings()
    for f in fields(Settings):
        default = getattr(defaults, f.name)
        meta = f.metadata
        key = meta["key"] or f.name
        options[key] = Option(
            f.name,
            key,
            meta["kind"],
            default,
            meta["about"],
            meta["choices"],
            meta["least"],
            meta["most"],
        )
    return options


OPTIONS: Final[Mapping[str, Option]] = _options()
SWITCH: Final = ".on"


def has_section(key: str) -> bool:
    """Tell whether settings stand under `key`, as web.max_uses does under web."""
    return any(name.startswith(f"{key}.") for name in OPTIONS)


def check_together(settings: Settings) -> None:
    """Raise ConfigError where settings contradict one another."""
    if settings.web_allowed_domains and settings.web_blocked_domains:
        raise ConfigError(
            "web.allowed_domains and web.blocked_domains exclude each other.", "Set one of them."
        )


def option(key: str) -> Option:
    """Find a setting by its key. Raises ConfigError that names the nearest one.

    A switch that has settings of its own is also `on` in its section: TOML cannot have both a
    value and a table under one name.
    """
    setting = OPTIONS.get(key) or OPTIONS.get(key.removesuffix(SWITCH))
    if setting is None or (setting.key != key and not has_section(setting.key)):
        near = nearest(key, OPTIONS)
        listed = "config.example.toml explains each; /config lists them."
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
