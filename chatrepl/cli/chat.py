"""A chat from the command line: the prompt on screen first, then everything behind it."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

from chatrepl import __version__
from chatrepl.cli.assemble import assemble, keep_learned
from chatrepl.cli.connection import has_credentials, new_runner, open_connection
from chatrepl.cli.message import compose, form_of
from chatrepl.cli.options import Options
from chatrepl.cli.refresh import models_file, refresh_in_background
from chatrepl.cli.stdin import Piped
from chatrepl.config.load import Config
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Notice
from chatrepl.core.settings import Settings
from chatrepl.session.session import Session
from chatrepl.startup.early_prompt import EarlyPrompt
from chatrepl.startup.lazy import Lazy
from chatrepl.storage.paths import Folders, make_folder
from chatrepl.terminal.modes import Tty, speaks_utf8
from chatrepl.terminal.sanitize.text import one_line

if TYPE_CHECKING:
    from chatrepl.shells.repl import Desk
    from chatrepl.terminal.prompt.prompt import Prompt
    from chatrepl.terminal.say import Speaker

NO_KEY = (
    "No API key was found, so the embedded demo engine answers; no model is running. "
    "Set ANTHROPIC_API_KEY to talk to Claude, or type /help demo."
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
    tty = (
        early.tty
        if early is not None
        else Tty(escapes=os.environ.get("TERM", "dumb") not in {"dumb", ""})
    )
    try:
        with tty.quiet():
            mark = early or EarlyPrompt(tty, _mark(), os.environ)
            mark.ask = loaded.settings.theme == "auto"
            return _chat(options, loaded, mark, piped)
    finally:
        tty.restore()


def _chat(options: Options, loaded: Config, early: EarlyPrompt, piped: Piped | None) -> int:
    demo = options.demo or not has_credentials(loaded.settings)
    assembled = assemble(options, loaded, interactive=True)
    session = assembled.session
    session.prepare(form=form_of(options))
    with early:
        _greet(early, session, demo=demo and not options.demo)
        desk = _desk(session, early.tty, _history_path(session, assembled.folders))
        connection = open_connection(session.settings, demo=demo, single=False)
    dark = early.background.dark
    desk = replace(desk, dress=lambda: _dress(desk.prompt, desk.speaker, session, dark))
    desk.dress()
    desk.prompt.type_ahead(early.background.typed)
    if demo:
        from chatrepl.demo.guide import HELP

        session.equip(guide=HELP)
    session.equip(examine=lambda now: _examined(session, now, demo=demo))
    connection.client.start()
    if not demo:
        file = models_file(session.settings)
        refresh_in_background(session, connection.client, connection.route, file)
    from chatrepl.cli.saved import keep, put_away
    from chatrepl.commands.saved import tail
    from chatrepl.shells.repl import Repl

    try:
        with new_runner() as runner:
            load = Lazy(assembled.counter.load).start  # now it would compete with the first reply
            repl = Repl(session, desk, connection.stream, connection.count, runner, replied=load)
            greeting = runner.get_loop().create_task(connection.warm())  # while the user types
            kept = keep(options, session, assembled.folders)
            if kept.entry is not None:
                repl.act(tail(session, kept.entry, kept.notes))
                repl.act(Notice(kept.back) if kept.back else None)
            if options.prompt or options.attach or piped is not None:
                repl.begin(compose(options, session, piped))
            repl.run()
            greeting.cancel()
    finally:
        unsaved = put_away(session)
        keep_learned(session)
    return unsaved


def _examined(session: Session, settings: Settings, *, demo: bool) -> str:
    """Look at key, connection, terminal and storage, a line each."""
    from chatrepl.cli.doctor import examine

    if session.loaded is None:
        return ""
    return "\n".join(found.line() for found in examine(session.loaded.now(settings), demo=demo))


def _greet(early: EarlyPrompt, session: Session, *, demo: bool) -> None:
    where = f" · {session.settings.base_url}" if session.settings.base_url else ""
    columns = get_terminal_size().columns
    line = one_line(f"chatrepl {__version__} · {session.model.id}{where} · /help")
    leaving = " · Ctrl-D leaves"
    line = line + leaving if len(line + leaving) <= columns else fill(line, columns)
    line = line.replace("·", "|") if _mark().isascii() else line
    note = f"{fill(NO_KEY, columns)}\n" if demo else ""
    if early.tty.knows_escapes:
        early.greet(f"\x1b[2m{line}\x1b[0m\n{note}")
    else:
        sys.stdout.write(f"{line}\n{note}")
        sys.stdout.flush()


def _mark() -> str:
    return "› " if speaks_utf8(sys.stdout, os.environ) else "> "


def _desk(session: Session, tty: Tty, history: Path | None) -> "Desk":
    from chatrepl.cli.screen import choose_look, consoles, view_style
    from chatrepl.shells.repl import Desk
    from chatrepl.terminal.keyboard import ask_yes_no
    from chatrepl.terminal.say import Speaker
    from chatrepl.terminal.views.live import LiveView

    out = sys.stdout
    both = consoles(session.settings, os.environ, out, sys.stderr)
    speaker = Speaker(both.out, choose_look(session.settings, os.environ, out))

    def new_view() -> LiveView:
        style = view_style(session.settings, os.environ, out, look=speaker.look)
        return LiveView(both.out, style, time.monotonic)

    prompt = _prompt(session, history, color=not both.out.no_color)
    return Desk(
        prompt,
        speaker,
        tty,
        new_view,
        lambda question: ask_yes_no(tty, question, prompt.type_ahead),
        lambda text: _edit(text, tty),
        lambda text: _copy(text, tty),
    )


def _prompt(session: Session, history: Path | None, *, color: bool) -> "Prompt":
    from chatrepl.shells.prompt_feeds import Toolbar, complete
    from chatrepl.terminal.prompt.prompt import Prompt
    from chatrepl.terminal.prompt.values import Feeds, PromptOptions
    from chatrepl.terminal.theme import pick_theme

    settings = session.settings
    options = PromptOptions(
        mark=_mark(),
        theme=pick_theme(settings.theme),
        color=color,
        vi=settings.editing_mode == "vi",
        multiline=settings.multiline,
        history=history,
        placeholder="Ask anything; /help lists commands",
    )
    feeds = Feeds(
        complete=lambda text, at: complete(session, text, at),
        toolbar=Toolbar(session),
        cleared=session.leave_edit,
    )
    return Prompt(options, feeds)


def _dress(
    prompt: "Prompt", speaker: "Speaker", session: Session, dark: bool | None = None
) -> None:
    """Let prompt and screen follow the settings, and the terminal's background once it is known."""
    from chatrepl.cli.screen import choose_look
    from chatrepl.terminal.theme import pick_theme

    settings = session.settings
    speaker.look = choose_look(settings, os.environ, sys.stdout, dark=dark)
    theme = pick_theme(settings.theme, dark=dark)
    vi = settings.editing_mode == "vi"
    options = prompt.options
    prompt.change(replace(options, theme=theme, vi=vi, multiline=settings.multiline))


def _history_path(session: Session, folders: Folders) -> Path | None:
    if not session.settings.save or folders.state is None:
        return None
    try:
        make_folder(folders.state)
    except OSError:
        return None
    return folders.state / "history"


def _edit(text: str, tty: Tty) -> str:
    from chatrepl.terminal.editor import edit

    with tty.usual():
        edited = edit(text, os.environ)
    if edited.fault:
        raise UsageError(f"{edited.fault}.")
    return edited.text


def _copy(text: str, tty: Tty) -> str:
    """Put text on the clipboard; say how, in the words that end a sentence."""
    from chatrepl.attachments.clipboard import Clipboard, osc52

    if Clipboard().write(text):
        return "is on the clipboard."
    screen = os.environ.get("TERM", "").startswith("screen") and "TMUX" not in os.environ
    tty.write(osc52(text, "TMUX" in os.environ, screen=screen))
    return "was given to the terminal for its clipboard."
