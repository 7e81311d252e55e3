"""A single shot from the command line: the message put together, asked, and answered."""

import os
import sys
import time
from typing import TextIO

from chatrepl.attachments.attach import Attachment, from_bytes, load
from chatrepl.cli import stdin
from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import open_connection
from chatrepl.cli.options import Options
from chatrepl.commands.attaching import limits_of
from chatrepl.config import Loaded
from chatrepl.core.conversation import Message
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.form import Form
from chatrepl.oneshot import Manner, Shot
from chatrepl.session import Session
from chatrepl.turn import View


def shoot(options: Options, loaded: Loaded) -> int:
    """Answer one question and give the exit code. Raises ChatreplError."""
    out = _out()
    check(options)
    session = new_session(options, loaded, interactive=False)
    session.form = _form(options)
    piped = None if stdin.is_keyboard() else stdin.read()
    if piped is not None and piped.note and sys.stderr is not None and not options.quiet:
        sys.stderr.write(f"chatrepl: {piped.note}\n")
    message = _message(options, session, piped)
    if options.dry_run:
        from chatrepl.cli.dryrun import dry_run

        return dry_run(session, message, out, sys.stderr, as_json=_output(options) != "text")
    connection = open_connection(session.settings, demo=options.demo, single=True)
    shot = Shot(session, _manner(options, session, out), out, sys.stderr)
    return shot.answer(message, connection.stream)


def check(options: Options) -> None:
    """Refuse what contradicts itself. Raises UsageError."""
    pairs = (
        ("--save", options.save is not None, "--no-save", options.no_save),
        ("--schema", options.schema is not None, "--choose", options.choose is not None),
        ("--continue", options.continue_, "--resume", options.resume is not None),
        ("-x", options.extract is not None, "-o json", _output(options) != "text"),
    )
    for one, has_one, other, has_other in pairs:
        if has_one and has_other:
            raise UsageError(f"{one} and {other} exclude each other.", "Nothing was sent.")


def _message(options: Options, session: Session, piped: stdin.Piped | None) -> Message:
    prompt = " ".join(options.prompt)
    text = piped.text if piped is not None else ""
    limits = limits_of(session)
    attached: list[Attachment] = []
    for spec in options.attach:
        if spec != "-":
            attached.append(load(spec, limits=limits))
            continue
        if piped is None:
            raise UsageError("-a - reads standard input, which is the keyboard here.")
        attached.append(from_bytes(piped.data or text.encode(), "stdin", limits=limits))
        piped, text = None, ""
    if piped is not None and piped.data:
        attached.append(from_bytes(piped.data, "stdin", limits=limits))
    if prompt.strip() and text.strip():
        text = f"<stdin>\n{text.rstrip(chr(10))}\n</stdin>\n\n{prompt}"
    else:
        text = prompt if prompt.strip() else text
    session.staged = tuple(attached)
    if not text.strip() and not attached:
        raise UsageError(
            "There is no question: standard input is empty and no prompt was given.",
            "usage: chatrepl [OPTIONS] [PROMPT]...",
        )
    return session.compose(text if text.strip() else "")


def _form(options: Options) -> Form | None:
    if options.choose is None:
        return None
    choices = tuple(choice.strip() for choice in options.choose.split(",") if choice.strip())
    if len(set(choices)) < 2:
        raise UsageError(
            "--choose takes at least two choices: --choose yes,no", "Nothing was sent."
        )
    return Form.choose(choices)


def _manner(options: Options, session: Session, out: TextIO) -> Manner:
    raw = session.settings.render == "raw"
    return Manner(
        output=_output(options),
        raw=options.raw,
        extract=options.extract,
        quiet=options.quiet,
        verbose=options.verbose,
        live_status=_is_terminal(sys.stderr),
        rendered=(lambda: _live_view(session, out)) if _is_terminal(out) and not raw else None,
    )


def _live_view(session: Session, out: TextIO) -> View:
    from chatrepl.cli.screen import consoles, view_style
    from chatrepl.terminal.views.live import LiveView

    both = consoles(session.settings, os.environ, out, sys.stderr)
    return LiveView(both.out, view_style(session.settings, os.environ, out), time.monotonic)


def _output(options: Options) -> str:
    return "json" if options.json else (options.output or "text")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _out() -> TextIO:
    if sys.stdout is None:
        raise ChatreplError("Standard output is closed.", "Nothing was sent.")
    return sys.stdout
