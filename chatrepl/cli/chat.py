"""A chat from the command line: the prompt on screen first, then everything behind it."""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill

from chatrepl import __version__
from chatrepl.api.address import chosen_url, elsewhere, is_allowed
from chatrepl.cli.assemble import assemble
from chatrepl.cli.connection import has_credentials, open_connection
from chatrepl.cli.message import form_of
from chatrepl.cli.news import news
from chatrepl.cli.options import Options
from chatrepl.cli.refresh import refresh_in_background
from chatrepl.cli.stdin import Piped
from chatrepl.config.load import Config
from chatrepl.session.session import Session
from chatrepl.startup.early_prompt import EarlyPrompt, early_prompt
from chatrepl.startup.private_memory import let_nobody_look
from chatrepl.storage.paths import Folders, make_folder
from chatrepl.terminal.sanitize.text import one_line

NO_KEY = (
    "No API key was found, so the embedded demo engine answers; no model is running.",
    "Ask it anything; /help demo lists what it can show. To talk to a model, begin again with:",
    "  export ANTHROPIC_API_KEY=...   a key that platform.claude.com makes",
    '  api_key_command = "..."        in config.toml: a program that prints the key',
    "  chatrepl --local               a model on this machine, without a key",
)


def chat(
    options: Options,
    loaded: Config,
    piped: Piped | None = None,
    early: EarlyPrompt | None = None,
) -> int:
    """Chat until the user leaves, beginning with what the command line asks; give the exit code.

    `piped` is what standard input held before the keyboard took its place, `early` the mark that
    is on the screen already. Raises ChatreplError for what keeps a chat from starting.
    """
    os.umask(0o077)
    plain = loaded.settings.accessible
    opened = nullcontext(early) if early is not None else early_prompt(os.environ, plain=plain)
    with opened as mark:
        mark.ask = loaded.settings.theme == "auto"
        mark.ask_keys = mark.tty.may_tell_keys_apart = not loaded.settings.accessible
        return _chat(options, loaded, mark, piped)


def _chat(options: Options, loaded: Config, early: EarlyPrompt, piped: Piped | None) -> int:
    demo = options.demo or not has_credentials(loaded.settings)
    assembled = assemble(options, loaded, interactive=True, demo=demo)
    session = assembled.session
    session.prepare(form=form_of(options))
    with early:
        notes = () if options.quiet else loaded.notes
        notes += NO_KEY if demo and not options.demo else ()
        fresh = news(assembled.folders, save=session.settings.save)
        notes += (fresh,) if fresh and not options.quiet else ()
        _greet(early, session, notes, "" if demo else chosen_url(session.settings, os.environ))
        let_nobody_look()
        from chatrepl.cli.desk import dressed, open_desk, talk  # what is slow to load

        desk = open_desk(session, early, _history_path(session, assembled.folders))
        connection = open_connection(session.settings, demo=demo, single=False)
    desk = dressed(desk, session, early.background)
    desk.prompt.type_ahead(early.tty.typing.feed(early.background.typed))
    connection.load()
    if not demo:
        refresh_in_background(session, connection.client, connection.route, assembled.learned)
    return talk(options, assembled, desk, connection, piped)


def _greet(early: EarlyPrompt, session: Session, notes: Sequence[str], url: str) -> None:
    where = f" · {elsewhere(url)}" if elsewhere(url) else ""
    where += " over plain http" if is_allowed(url, session.settings.allow_http) else ""
    columns = get_terminal_size().columns
    line = one_line(f"chatrepl {__version__} · {session.model.id}{where} · /help")
    leaving = " · Ctrl-D leaves"
    line = line + leaving if len(line + leaving) <= columns else fill(line, columns)
    if session.settings.accessible:
        line = line.replace(" ·", ",")
    line = line.replace("·", "|") if early.mark.isascii() else line
    note = "".join(f"{_wrapped(one_line(each, 1000), columns)}\n" for each in notes)
    if early.tty.knows_escapes:
        faint = "" if session.settings.theme == "contrast" else "\x1b[2m"
        early.greet(f"{faint}{line}\x1b[0m\n{note}")
    else:
        sys.stdout.write(f"{line}\n{note}")
        sys.stdout.flush()


def _wrapped(note: str, columns: int) -> str:
    """Wrap a note; in a narrow window what a row of a table means stands below it."""
    if not note.startswith(" ") or len(note) <= columns:
        return fill(note, columns)
    parts = re.sub(r"(?<=\S) {3,}", "\n      ", note).split("\n")
    return "\n".join(
        fill(part, columns, subsequent_indent=part[: -len(part.lstrip())]) for part in parts
    )


def _history_path(session: Session, folders: Folders) -> Path | None:
    if not session.settings.save or folders.state is None:
        return None
    try:
        make_folder(folders.state)
    except OSError:
        return None
    return folders.state / "history"
