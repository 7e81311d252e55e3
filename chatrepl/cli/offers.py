"""What the value of an option may be, for a shell that completes a command line.

Nothing is asked of any service, and what cannot be read offers nothing.
"""

import os
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
_MOST_SAVED: Final = 100
_ASKED: Final = "_CHATREPL_COMPLETE"
_WORDS: Final = "COMP_WORDS"
_AT: Final = "COMP_CWORD"


def join_equals(environ: dict[str, str]) -> None:
    """Put together again the words of a line that bash takes apart at each `=`."""
    if environ.get(_ASKED) != "complete_bash" or not environ.get(_AT, "").isdigit():
        return
    words, at = environ.get(_WORDS, "").split("\n"), int(environ[_AT])
    for index in range(min(at, len(words) - 1), 0, -1):
        if words[index] == "=":
            joined = words[index - 1 : index + 2]
            words[index - 1 : index + 2] = ["".join(joined)]
            at -= min(at - index + 1, 2)
    environ[_WORDS], environ[_AT] = "\n".join(words), str(at)


def offer(name: str) -> Callable[[Any, str], list[tuple[str, str]]] | None:
    """Give what completes the value of an option; None where the shell's own files are right."""
    source = _SOURCES.get(name)
    if source is None:
        return None

    def complete(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
        with suppress(ChatreplError, OSError):
            offered = source(ctx.params, incomplete)
            return [(value, about) for value, about in offered if value.startswith(incomplete)]
        return []

    return complete


def _loaded(given: Mapping[str, Any]) -> Config:
    path = given.get("config")
    return load(
        environ=os.environ,
        path=Path(path) if path else None,
        usual=config_file(),
        profile=given.get("profile"),
        options={"base_url": given.get("base_url")},
    )


def _models(given: Mapping[str, Any], _text: str) -> Offered:
    demo = bool(given.get("demo"))
    catalog = learned_files(_loaded(given).settings, demo=demo).catalog()
    return ((id_, catalog[id_].name or "") for id_ in catalog)


def _saved(_given: Mapping[str, Any], text: str) -> Offered:
    """Give names and, where there is none that is one word, ids; the newest first."""
    for entry in list_entries(find_folders(os.environ).conversations, _MOST_SAVED):
        about = f"{when(entry.when)} · {entry.label}"
        named = bool(entry.name) and not any(char.isspace() for char in entry.name)
        yield entry.name if named and not entry.id.startswith(text or " ") else entry.id, about


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
    yield from filter(None, opt.offered)


def _own(_given: Mapping[str, Any], _text: str) -> Offered:
    from chatrepl.cli.own_places import own_folders  # seldom needed

    source = own_folders(save=False)
    return ((name, source.about(name)[1]) for name in source.names())


def _tools(given: Mapping[str, Any], _text: str) -> Offered:
    return ((tool.name, tool.description) for tool in _loaded(given).programs)


def _servers(given: Mapping[str, Any], _text: str) -> Offered:
    return ((server.name, what_of(server)) for server in _loaded(given).servers)


_SOURCES: Final[Mapping[str, Callable[[Mapping[str, Any], str], Offered]]] = {
    "model": _models,
    "resume": _saved,
    "profile": _profiles,
    "extract": _languages,
    "set_": _settings,
    "template": _own,
    "tool": _tools,
    "mcp": _servers,
}
