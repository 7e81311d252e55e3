"""Commands of the user's own on the command line: where they lie, and `-T NAME`."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from chatrepl.attachments.mentions import find_mentions, find_misses, is_file
from chatrepl.cli.options import Options
from chatrepl.commands.own import check_local, remarks
from chatrepl.config.own_commands import OwnFolders, beside
from chatrepl.core.errors import UsageError
from chatrepl.core.own_command import OwnCommand
from chatrepl.shells.oneshot import mutter
from chatrepl.storage.paths import config_file, find_folders
from chatrepl.storage.small_files import learn, read_facts
from chatrepl.terminal.sanitize.text import one_line

AGREED_FILE: Final = "agreed.json"
_COMMANDS: Final = "commands"
_SAFE: Final = "Nothing was sent."
_HIDDEN: Final = "\0"


def own_folders(*, save: bool) -> OwnFolders:
    """Give the commands of this user; what is agreed to is kept only where something is saved."""
    config, state = config_file(), find_folders().state
    agreed = state / AGREED_FILE if state is not None else None

    def remembered() -> Mapping[str, str]:
        folders = read_facts(agreed).get(_COMMANDS)
        return folders if isinstance(folders, dict) else {}

    def remember(path: str, digest: str) -> None:
        if save:
            learn(agreed, {_COMMANDS: {path: digest}})

    return OwnFolders(config.parent / _COMMANDS if config else None, remembered, remember)


def with_own(options: Options, name: str) -> Options:
    """Give what a command line means that names a command of the user's own. Raises UsageError.

    What the command line says itself comes before what the command says.
    """
    own = _read(name.removeprefix("/"))
    if own.each and own.wants_stdin:
        raise UsageError(f"-T {name}: with each, standard input holds the items; {{}} is one.")
    parts = own.expand(options.prompt)
    attached = [beside(own, path) for path in own.attach]
    attached += _mentioned(own, options, say=not options.quiet)
    if own.is_local:
        check_local(own, attached)
    if not options.quiet:
        for line in remarks(own):
            mutter(sys.stderr, f"chatrepl: {one_line(line, 400)}")
    given: dict[str, Any] = {
        "prompt": list(parts),
        "attach": [*options.attach, *dict.fromkeys(attached)],
        **_said(own, options),
        **_form(own, options),
        **_each(own, options),
    }
    meant = replace(options, **given)
    meant.check()
    return meant


def _read(name: str) -> OwnCommand:
    source = own_folders(save=False)
    if name in source.names():
        return source.read(name)
    if name in source.waiting():
        why = source.why().split("\n")[-1]
        raise UsageError(f"{why} They were not agreed to.", f"{_SAFE} In a chat, /{name} asks.")
    import difflib

    near = difflib.get_close_matches(name, source.names(), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "In a chat, /commands lists them."
    raise UsageError(f"There is no command {name} of your own.", hint)


def _mentioned(own: OwnCommand, options: Options, *, say: bool) -> list[str]:
    """Give the files that the command's own text mentions, and none that an argument does."""
    words = [word.replace("@", _HIDDEN) for word in options.prompt]
    text = "".join(own.expand(words))
    files = find_mentions(text, lambda path: is_file(path.replace(_HIDDEN, "@")))
    for miss in find_misses(text) if say else ():
        path = one_line(miss.path.replace(_HIDDEN, "@"))
        if miss not in files:
            mutter(sys.stderr, f"chatrepl: There is no file {path}; it is sent as text.")
    return [mention.path.replace(_HIDDEN, "@") for mention in files]


def _said(own: OwnCommand, options: Options) -> dict[str, Any]:
    """Give the model, its effort, the system prompt and the beginning of the reply."""
    system = f"@{beside(own, own.system[1:])}" if own.system.startswith("@") else own.system
    model = None if options.names_model else own.model
    return {
        "model": options.model or model or None,
        "system": system or None if options.system is None else options.system,
        "prefill": own.prefill or None if options.prefill is None else options.prefill,
        "set_": [*([f"effort={own.effort}"] if own.effort else []), *options.set_],
    }


def _form(own: OwnCommand, options: Options) -> dict[str, Any]:
    """Give the form of the reply; one that the command line asks for stands alone."""
    asked = (options.schema, options.choose, options.rows, options.extract)
    if any(one is not None for one in asked):
        return {}
    schema = own.schema if own.schema.lstrip().startswith("{") else beside(own, own.schema)
    return {
        "schema": schema if own.schema else None,
        "choose": ",".join(own.choose) or None,
        "rows": own.rows or None,
        "extract": own.extract,
    }


def _each(own: OwnCommand, options: Options) -> dict[str, Any]:
    """Give where the items come from: standard input, a file, or files by a pattern."""
    if not own.each or options.asks_many:
        return {}
    if own.each.lower() in {"true", "yes", "on"}:
        return {"each": True}
    return {"each_file": [own.each]} if _is_pattern(own.each) else {"input_": own.each}


def _is_pattern(text: str) -> bool:
    return any(char in text for char in "*?[")


def offered(_given: Mapping[str, Any], _text: str) -> Iterable[tuple[str, str]]:
    """Give the commands for a shell that completes, each with what it does."""
    source = own_folders(save=False)
    return [(name, source.about(name)[1]) for name in source.names()]
