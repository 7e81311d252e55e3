"""What the value of an option may be, for a shell that completes a command line.

Nothing is asked of any service, and what cannot be read offers nothing.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from chatrepl.cli.learned import learned_files
from chatrepl.config.load import Config, load
from chatrepl.config.show import what_of
from chatrepl.core.errors import ChatreplError
from chatrepl.core.fences import LANGUAGES
from chatrepl.core.settings import OPTIONS, option
from chatrepl.pages.saved_list import when
from chatrepl.storage.library import list_entries
from chatrepl.storage.paths import config_file, find_folders

Offered: TypeAlias = Iterable[tuple[str, str]]  # a value, and what it means
FILE: Final = "@"  # what follows is the name of a file
SHELLS: Final = ("bash", "zsh", "fish", "powershell", "pwsh")
_MOST_SAVED: Final = 100
_INERT: Final = re.compile(r"[\w@%+:,./][\w@%+=:,./#-]*")  # nothing in it acts in a shell


def offer(name: str) -> Callable[[Any, str], list[tuple[str, str]]] | None:
    """Give what completes the value of an option; None where the shell's own files are right."""
    source = _SOURCES.get(name)
    if source is None:
        return None

    def complete(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
        with suppress(ChatreplError, OSError):
            offered = source(ctx.params, incomplete)
            fitting = [pair for pair in offered if pair[0].startswith(incomplete)]
            return [pair for pair in fitting if _INERT.fullmatch(pair[0])]
        return []

    return complete


def _system(_given: Mapping[str, Any], _text: str) -> Offered:
    return [(FILE, "and a file that holds it")]


def _loaded(given: Mapping[str, Any]) -> Config:
    path = given.get("config")
    return load(
        environ=os.environ,
        path=Path(path) if path else None,
        usual=config_file(),
        profile=given.get("profile"),
        options={"base_url": given.get("base_url")},
    )


def _models(given: Mapping[str, Any], text: str) -> Offered:
    """Give ids; behind a comma the next one of several."""
    before = text[: text.rfind(",") + 1]
    demo = bool(given.get("demo"))
    catalog = learned_files(_loaded(given).settings, demo=demo).catalog()
    return ((f"{before}{id_}", catalog[id_].name or "") for id_ in catalog)


def _saved(_given: Mapping[str, Any], text: str) -> Offered:
    """Give names and, where there is none that is one word, ids; the newest first."""
    for entry in list_entries(find_folders(os.environ).conversations, _MOST_SAVED):
        about = f"{when(entry.when)} · {entry.label}"
        named = _INERT.fullmatch(entry.name) and not entry.id.startswith(text or " ")
        yield entry.name if named else entry.id, about


def _profiles(given: Mapping[str, Any], _text: str) -> Offered:
    return ((name, "") for name in _loaded({**given, "profile": None}).profiles)


def _languages(_given: Mapping[str, Any], _text: str) -> Offered:
    return ((name, "" if name == full else full) for name, full in LANGUAGES.items())


def _settings(given: Mapping[str, Any], text: str) -> Offered:
    key, equals, _ = text.partition("=")
    if not equals:
        return ((f"{opt.key}=", opt.about) for opt in OPTIONS.values())
    return ((f"{key}={value}", "") for value in _values(given, key))


def _values(given: Mapping[str, Any], key: str) -> Iterator[str]:
    opt = option(key)
    if opt.key == "model" or opt.kind == "models":
        yield from (id_ for id_, _ in _models(given, ""))
    yield from filter(None, (*opt.offered, FILE if opt.key == "system" else ""))


def _own(_given: Mapping[str, Any], _text: str) -> Offered:
    from chatrepl.cli.own_places import own_folders  # seldom needed

    source = own_folders(save=False)
    return ((name, source.about(name)[1]) for name in source.names())


def _tools(given: Mapping[str, Any], _text: str) -> Offered:
    return ((tool.name, tool.description) for tool in _loaded(given).programs)


def _servers(given: Mapping[str, Any], _text: str) -> Offered:
    return ((server.name, what_of(server)) for server in _loaded(given).servers)


def _prompt(given: Mapping[str, Any], _text: str) -> Offered:
    """Give what may follow a page that takes a word, and nothing where a question begins."""
    if given.get("usage"):
        from chatrepl.pages.usage_list import SPANS  # seldom needed

        return ((span, "") for span in SPANS)
    shells = given.get("show_completion") or given.get("install_completion")
    return ((shell, "") for shell in SHELLS if shells)


_SOURCES: Final[Mapping[str, Callable[[Mapping[str, Any], str], Offered]]] = {
    "prompt": _prompt,
    "model": _models,
    "system": _system,
    "resume": _saved,
    "profile": _profiles,
    "extract": _languages,
    "set_": _settings,
    "template": _own,
    "tool": _tools,
    "mcp": _servers,
}
