"""Commands of the user's own on the command line: `-T NAME`."""

import sys
from dataclasses import replace
from glob import iglob
from pathlib import Path
from typing import Any, Final

from chatrepl.attachments.mentions import find_mentions, find_misses, is_file
from chatrepl.attachments.safe_read import open_regular, plain_path
from chatrepl.attachments.urls import is_url
from chatrepl.cli.options import Options
from chatrepl.cli.own_places import own_folders
from chatrepl.commands.own import blaming, check_files, file_of, form_of, remarks, system_of
from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.own_command import OwnCommand
from chatrepl.core.settings import Settings
from chatrepl.core.wire import encode
from chatrepl.shells.mutter import mutter
from chatrepl.terminal.sanitize.text import one_line

_HIDDEN: Final = "\0"


def with_own(options: Options, name: str) -> Options:
    """Give what a command line means that names a command of the user's own. Raises UsageError.

    What the command line says itself comes before what the command says.
    """
    own = _read(name.removeprefix("/"))
    if own.each and own.wants_stdin:
        raise UsageError(f"-T {name}: with each, standard input holds the items; {{}} is one.")
    parts = own.expand(options.prompt)
    attached = [file_of(own, path) for path in own.attach]
    check_files(own, attached)
    with blaming(own, "attach"):
        for path in attached:
            _look_for(path)
    mentioned = _mentioned(own, options, say=not options.quiet)
    check_files(own, mentioned)
    if not options.quiet:
        for line in remarks(own):
            mutter(sys.stderr, f"chatrepl: {one_line(line, 400)}")
    given: dict[str, Any] = {
        "prompt": list(parts),
        "attach": [*options.attach, *dict.fromkeys((*attached, *mentioned))],
        **_said(own, options),
        **_form(own, options),
        **_each(own, options),
    }
    meant = replace(options, **given)
    meant.check()
    meant.check_many()
    return meant


def _read(name: str) -> OwnCommand:
    source = own_folders(save=False)
    if name in source.names():
        return source.read(name)
    if name in source.waiting():
        why = source.why().split("\n")[-1]
        raise UsageError(f"{why} They were not agreed to.", f"{SAFE} In a chat, /{name} asks.")
    import difflib

    near = difflib.get_close_matches(name, source.names(), n=1, cutoff=0.5)
    hint = (
        f"Did you mean {near[0]}?"
        if near
        else "They lie in the folder commands beside config.toml."
    )
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
    model = None if options.names_model else own.model
    return {
        "model": options.model or model or None,
        "model_place": own.where("model") if model else "",
        "system": _system(own) if options.system is None else options.system,
        "prefill": own.prefill or None if options.prefill is None else options.prefill,
        "set_": [*([f"effort={own.effort}"] if own.effort else []), *options.set_],
    }


def _system(own: OwnCommand) -> str | None:
    """Give the system prompt as `-s` takes it; a file of it is looked at. Raises UsageError."""
    system_of(own, Settings())
    return f"@{file_of(own, own.system[1:])}" if own.system.startswith("@") else own.system or None


def _look_for(path: str) -> None:
    """Raise AttachmentError where there is no such file to attach."""
    if not is_url(path):
        with open_regular(path):
            pass


def _form(own: OwnCommand, options: Options) -> dict[str, Any]:
    """Give the form of the reply; one that the command line asks for stands alone."""
    asked = (options.schema, options.choose, options.rows, options.extract)
    if any(one is not None for one in asked):
        return {}
    form_of(own)
    schema = own.schema if own.schema.lstrip().startswith("{") else file_of(own, own.schema)
    return {
        "schema": schema if own.schema else None,
        "choose": encode(own.choose) if own.choose[1:] else "".join(own.choose) or None,
        "rows": own.rows or None,
        "extract": own.extract,
    }


def _each(own: OwnCommand, options: Options) -> dict[str, Any]:
    """Give where the items come from: standard input, a file, or files by a pattern."""
    if not own.each or options.asks_many:
        return {}
    if own.each.lower() in {"true", "yes", "on"}:
        return {"each": True}
    if _is_pattern(own.each):
        check_files(own, iglob(plain_path(own.each), recursive=True))  # noqa: PTH207
        return {"each_file": [own.each]}
    path = file_of(own, own.each)
    check_files(own, [path])
    if not Path(path).is_file():
        raise UsageError(f"{own.where('each')}: each names no file: {own.each}", SAFE)
    return {"input_": path}


def _is_pattern(text: str) -> bool:
    return any(char in text for char in "*?[")
