"""`man chatrepl`, from the data of `--help` and `/help`."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import chatrepl.commands  # noqa: F401 - registers all commands
from chatrepl import __version__
from chatrepl.cli.help import EXAMPLES, EXITS
from chatrepl.cli.options import FLAGS
from chatrepl.commands.registry import GROUPS, REGISTRY
from chatrepl.config.show import toml
from chatrepl.core.settings import OPTIONS

_FILES = (
    ("~/.config/chatrepl/config.toml", "Settings; no key has a place in it."),
    ("~/.local/state/chatrepl", "Conversations, the history of the prompt, what was learned."),
    ("~/.cache/chatrepl", "Lists of models."),
)
_VARIABLES = (
    ("ANTHROPIC_API_KEY", "The key of the service."),
    ("ANTHROPIC_BASE_URL", "Another server that speaks the Messages API."),
    ("CHATREPL_<KEY>", "Any setting: CHATREPL_MAX_TOKENS is max_tokens."),
    ("CHATREPL_STATE_DIR, CHATREPL_CONFIG_DIR, CHATREPL_CACHE_DIR", "Where the folders are."),
    ("HTTPS_PROXY, NO_PROXY", "The proxy, and what goes past it."),
    ("NO_COLOR, FORCE_COLOR, TERM, VISUAL, EDITOR", "As everywhere."),
)


def man_page() -> str:
    """Write the page in the macros of man(7)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH CHATREPL 1 "" "chatrepl {__version__}" "User Commands"'
    yield from (".SH NAME", r"chatrepl \- chat with Claude in the terminal, or ask one question")
    yield from (".SH SYNOPSIS", ".B chatrepl", r"[\fIOPTIONS\fR] [\fIPROMPT\fR]...")
    yield ".SH DESCRIPTION"
    yield from _text(
        "Without PROMPT at a terminal it is a chat; with one, or in a pipe, one answer."
    )
    yield from _text("What is piped in comes first, PROMPT after it.")
    yield ".SH OPTIONS"
    for title, flags in groupby(FLAGS.values(), lambda flag: flag.group):
        yield f".SS {_escaped(title)}"
        yield from _rows((flag.usage, flag.about) for flag in flags)
    yield ".SH COMMANDS"
    for group in GROUPS:
        yield f".SS {_escaped(group.capitalize())}"
        yield from _rows((c.usage, c.summary) for c in REGISTRY.commands if c.group == group)
    yield ".SH SETTINGS"
    yield from _rows((f"{key} = {_default(key)}", opt.about) for key, opt in OPTIONS.items())
    for title, rows in (
        ("EXIT STATUS", EXITS),
        ("ENVIRONMENT", _VARIABLES),
        ("FILES", _FILES),
        ("EXAMPLES", EXAMPLES),
    ):
        yield f".SH {title}"
        yield from _rows(rows)


def _default(key: str) -> str:
    default = OPTIONS[key].default
    return toml("" if default is None else default)


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, about in rows:
        yield from (".TP", rf"\fB{_escaped(term)}\fR", *_text(about))


def _text(words: str) -> Iterator[str]:
    yield _escaped(re.sub(r"`([^`]*)`", r"\1", words))


def _escaped(text: str) -> str:
    """Write a text so that troff takes nothing in it for its own."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    return rf"\&{text}" if text.startswith(".") else text
