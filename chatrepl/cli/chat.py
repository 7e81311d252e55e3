"""A chat from the command line: the terminal prepared, the session made, the loop run."""

import asyncio
import os
import sys
import time
from pathlib import Path

from chatrepl.attachments.clipboard import Clipboard, osc52
from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import Connection, has_credentials, open_connection
from chatrepl.cli.options import Options
from chatrepl.config import Loaded
from chatrepl.core.errors import UsageError
from chatrepl.core.summary import compact
from chatrepl.repl import Desk, Repl, complete
from chatrepl.session import Session
from chatrepl.storage.paths import find_folders, make_folder
from chatrepl.terminal.modes import Tty, leave_on_signals
from chatrepl.terminal.prompt import Feeds, Part, Prompt, PromptOptions
from chatrepl.terminal.theme import pick_theme


def chat(options: Options, loaded: Loaded) -> int:
    """Chat until the user leaves; give the exit code. Raises ChatreplError before the first prompt."""
    settings = loaded.settings
    demo = options.demo or not has_credentials(settings)
    session = new_session(options, loaded, interactive=True)
    connection = open_connection(settings, demo=demo, single=False)
    if demo:
        from chatrepl.api.demo.guide import HELP

        session.demo_help = HELP
    tty = Tty(escapes=os.environ.get("TERM", "dumb") != "dumb")
    leave_on_signals()
    os.umask(0o077)
    try:
        with tty.quiet(), asyncio.Runner() as runner:
            desk = _desk(session, tty)
            _greet(desk, session, connection, demo=demo and not options.demo)
            connection.client.start()
            repl = Repl(session, desk, connection.stream, runner)
            repl.run()
    finally:
        tty.restore()
    return 1 if session.recorder.unsaved else 0


def _desk(session: Session, tty: Tty) -> Desk:
    from chatrepl.cli.screen import consoles, look, view_style
    from chatrepl.terminal.console import speaks_utf8
    from chatrepl.terminal.say import Speaker
    from chatrepl.terminal.views.live import LiveView
    from chatrepl.terminal.yesno import ask_yes_no

    settings, out = session.settings, sys.stdout
    both = consoles(settings, os.environ, out, sys.stderr)
    utf8 = speaks_utf8(out, os.environ)
    prompt = Prompt(
        PromptOptions(
            mark="› " if utf8 else "> ",
            theme=pick_theme(settings.theme),
            color=not both.out.no_color,
            vi=settings.editing_mode == "vi",
            multiline=settings.multiline,
            history=_history_path(session),
            placeholder="Ask anything; /help lists commands",
        ),
        Feeds(lambda text, at: complete(session, text, at), lambda: toolbar(session)),
    )
    return Desk(
        prompt,
        Speaker(both.out, look(settings, os.environ, out)),
        tty,
        lambda: LiveView(both.out, view_style(session.settings, os.environ, out), time.monotonic),
        lambda question: ask_yes_no(tty, question),
        lambda text: _edit(text, tty),
        lambda text: _copy(text, tty),
    )


def _edit(text: str, tty: Tty) -> str:
    from chatrepl.terminal.editor import edit

    with tty.usual():
        edited = edit(text, os.environ)
    if edited.fault:
        raise UsageError(f"{edited.fault}.")
    return edited.text


def _copy(text: str, tty: Tty) -> str:
    """Put text on the clipboard; say how, in the words that end a sentence."""
    if Clipboard().write(text):
        return "is on the clipboard."
    screen = os.environ.get("TERM", "").startswith("screen") and "TMUX" not in os.environ
    tty.write(osc52(text, "TMUX" in os.environ, screen=screen))
    return "was given to the terminal for its clipboard."


def _history_path(session: Session) -> Path | None:
    folder = find_folders(os.environ).state if session.settings.save else None
    if folder is None:
        return None
    try:
        make_folder(folder)
    except OSError:
        return None
    return folder / "history"


def _greet(desk: Desk, session: Session, connection: Connection, *, demo: bool) -> None:
    from chatrepl import __version__

    where = "" if not session.settings.base_url else f" · {connection.route.url}"
    desk.speaker.line(f"chatrepl {__version__} · {session.model.id}{where} · /help · Ctrl-D leaves")
    if demo:
        desk.speaker.line(
            "No API key was found, so the embedded demo engine answers; no model is running. "
            "Set ANTHROPIC_API_KEY to talk to Claude, or type /help demo.",
            "warning",
        )


def toolbar(session: Session) -> list[Part]:
    """Put the toolbar together; what is least needed has the highest rank."""
    parts = [Part("toolbar.strong", session.model.id.removeprefix("claude-"), 0)]
    if session.demo_help:
        parts.append(Part("toolbar.warning", "demo", 1))
    if session.recorder.unsaved:
        parts.append(Part("toolbar.error", "NOT SAVED", 0))
    last = next((t.receipt for t in reversed(session.conversation.path()) if t.receipt), None)
    if last is not None:
        used = last.usage.total_input_tokens + last.usage.output_tokens
        budget = session.settings.context_budget_tokens or session.model.budget_tokens
        share = f"{compact(used)}/{compact(budget)} {used * 100 // budget}%"
        parts.append(Part("toolbar", share, 2))
    if session.staged:
        parts.append(Part("toolbar.strong", f"{len(session.staged)} attached", 1))
    if session.prefill or session.pinned_prefill:
        parts.append(Part("toolbar.strong", "prefill", 1))
    return parts
