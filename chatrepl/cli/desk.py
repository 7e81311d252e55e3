"""The chat once its prompt is there: what it needs of the terminal, and the talk itself.

Importing this module loads rich and prompt_toolkit.
"""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from chatrepl.api.route import custom_headers
from chatrepl.attachments.clipboard import Clipboard, osc52
from chatrepl.cli.assemble import Assembled, keep_learned
from chatrepl.cli.connection import Connection
from chatrepl.cli.farewell import farewell
from chatrepl.cli.loop import LoopRunner, new_runner
from chatrepl.cli.message import attached, compose
from chatrepl.cli.options import Options
from chatrepl.cli.saved import keep, put_away
from chatrepl.cli.screen import appearance, choose_look, console, live_view
from chatrepl.cli.stdin import Piped
from chatrepl.commands.help import groups
from chatrepl.commands.menu import KEYS
from chatrepl.commands.saved import tail
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Notice
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import Block
from chatrepl.core.world import FileStore
from chatrepl.session.next_on_disk import bring_back
from chatrepl.session.session import Session
from chatrepl.shells.desk import Desk
from chatrepl.shells.guard import beside
from chatrepl.shells.prompt_feeds import Toolbar, complete, left_edit
from chatrepl.shells.repl import Repl
from chatrepl.shells.titles import Titles
from chatrepl.startup.early_prompt import Background, EarlyPrompt, mark_for
from chatrepl.startup.lazy import Lazy
from chatrepl.storage.library import holds
from chatrepl.terminal.attention import OLD_TITLE, Attention
from chatrepl.terminal.columns import card_rows
from chatrepl.terminal.editor import edit
from chatrepl.terminal.modes import Tty, speaks_utf8
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.prompt.values import Feeds, PromptOptions
from chatrepl.terminal.say import Speaker
from chatrepl.terminal.theme import pick_theme
from chatrepl.terminal.yes_no import ask_among, ask_yes_no

if TYPE_CHECKING:
    from chatrepl.shells.keep_warm import KeepWarm
    from chatrepl.shells.tool_consent import ToolConsent

_FIRST_CHATS = 5


def talk(
    options: Options, assembled: Assembled, desk: Desk, connection: Connection, piped: Piped | None
) -> int:
    """Chat until the user leaves; give the exit code of what could not be saved."""
    session = assembled.session
    demo = connection.is_demo
    session.equip(examine=lambda now, live: _examined(session, now, demo=demo, live=live))
    session.equip(proof=lambda: connection.route.proof, added=custom_headers)
    connection.keep_account(session)
    own = connection.route.secrets
    desk.prompt.change(replace(desk.prompt.options, secrets=own))
    load = Lazy(assembled.counter.load).start  # before, it would compete with the first reply
    try:
        with new_runner() as runner, ExitStack() as leaving:
            repl = Repl(session, desk, connection.stream, connection.count, runner)
            repl.replies.tools = leaving.enter_context(_tools(options, repl))
            session.equip(files=Lazy(lambda: _files(connection, runner)).result)
            titles = Titles(session, connection.stream, runner.get_loop)
            repl.consent.own = own

            def replied() -> None:
                load()
                titles.consider()

            repl.replies.replied = replied
            repl.waiting = _keeping_warm(session, connection, desk.speaker, runner)
            greeting = beside(runner.get_loop(), connection.warm())  # while the user types
            _begin(options, assembled, repl, piped)
            repl.run()
            greeting.cancel()
            titles.stop()
            with repl.guard.around():
                if words := farewell(session, options, demo=demo):
                    desk.speaker.line(words)
    finally:
        unsaved = put_away(session)
        _keep_learned(session)
    return unsaved


def _tools(options: Options, repl: Repl) -> "AbstractContextManager[ToolConsent | None]":
    """Give what asks before a tool runs, where there are any."""
    loaded = repl.session.loaded
    if not (options.names_tools or (loaded is not None and loaded.has_tools)):
        return nullcontext()
    from chatrepl.cli.benches import chat_tools  # most chats have none

    return chat_tools(options, repl)


def _begin(options: Options, assembled: Assembled, repl: Repl, piped: Piped | None) -> None:
    """Bring back what is gone on with, and send what the command line asks.

    What it only attaches waits for the question.
    """
    session = assembled.session
    resumed = keep(options, session, assembled.folders)
    if resumed.entry is not None:
        with repl.guard.around():
            back = bring_back(session, model=not options.names_model)
            repl.act(tail(session, resumed.entry, resumed.notes))
            repl.act(Notice(back) if back else None)
    if options.prompt or piped is not None:
        message = compose(options, session, piped)
        with repl.guard.around():
            repl.begin(message)
    elif options.attach:
        session.stage(*attached(options, session, None))
        with repl.guard.around():
            repl.show_attached()


def _files(connection: Connection, runner: LoopRunner) -> FileStore:
    from chatrepl.cli.files import ServiceFiles  # seldom needed

    return ServiceFiles(connection, runner)


def _keeping_warm(
    session: Session, connection: Connection, speaker: Speaker, runner: LoopRunner
) -> Callable[[], AbstractContextManager[object]]:
    """Give what keeps the cache warm at a prompt that waits, where that is set."""

    @cache
    def keeper() -> "KeepWarm":
        from chatrepl.shells.keep_warm import KeepWarm  # seldom wanted

        return KeepWarm(session, connection.stream, runner.get_loop, speaker.line)

    def waiting() -> AbstractContextManager[object]:
        is_off = session.settings.cache_keep_warm == "off"
        return nullcontext() if is_off else keeper().waiting()

    return waiting


def _keep_learned(session: Session) -> None:
    """Keep what was learned; where that fails, the conversation is safe all the same."""
    try:
        keep_learned(session)
    except Exception as bug:  # noqa: BLE001 - a place of containment
        from chatrepl.cli.failures import pass_over  # seldom wanted

        pass_over(bug)


def _examined(session: Session, settings: Settings, *, demo: bool, live: bool) -> str:
    """Look at key, connection, terminal and storage, a line each."""
    from chatrepl.cli.doctor import examine  # seldom asked for

    if session.loaded is None:
        return ""
    findings = examine(session.loaded.now(settings), demo=demo, live=live)
    return "\n".join(finding.rows(sys.stdout) for finding in findings)


def open_desk(session: Session, early: EarlyPrompt, history: Path | None) -> Desk:
    """Lay out what a chat needs of the terminal, where `early` holds the prompt's place."""
    tty, screen = early.tty, console(session.settings, os.environ, sys.stdout)
    speaker = Speaker(screen, choose_look(session.settings, os.environ, sys.stdout))
    prompt = _prompt(session, early, history, color=not screen.no_color)
    return Desk(
        prompt,
        speaker,
        tty,
        lambda: live_view(session.settings, os.environ, screen, speaker.look, sys.stdout),
        lambda question: ask_yes_no(tty, speaker.drawn(question), prompt.type_ahead),
        lambda question, letters: (
            ask_among(tty, speaker.drawn(question), letters, prompt.type_ahead) or "n"
        ),
        lambda text: _edit(text, tty, prompt.remember),
        lambda text: _copy(text, tty),
        attention=Attention(tty, os.environ),
    )


def dressed(desk: Desk, session: Session, background: Background) -> Desk:
    """Let a desk follow the settings, and what the terminal said of itself."""
    dress = partial(_dress, desk, session, background.dark)
    draw = partial(_draw, tty=desk.tty, session=session, sixel=background.sixel)
    desk = replace(desk, dress=dress, picture=draw)
    desk.dress()
    return desk


def _prompt(session: Session, early: EarlyPrompt, history: Path | None, *, color: bool) -> Prompt:
    settings = session.settings
    options = PromptOptions(
        mark=early.mark,
        theme=pick_theme(settings.theme),
        color=color,
        vi=settings.editing_mode == "vi",
        plain=settings.accessible,
        multiline=settings.multiline,
        history=history,
        placeholder="Ask anything; /help lists commands",
    )
    feeds = Feeds(
        complete=lambda text, at: complete(session, text, at),
        toolbar=Toolbar(session, is_new_here=_is_new_here(session)),
        cleared=lambda: left_edit(session),
        card=lambda columns: _card(columns, ascii_only=early.mark.isascii()),
    )
    return Prompt(options, feeds, early.tty)


def _is_new_here(session: Session) -> bool:
    """Tell whether these are the first chats of somebody."""
    folder = session.edges.library
    return folder is not None and not holds(folder, _FIRST_CHATS)


def _card(columns: int, *, ascii_only: bool) -> list[str]:
    rows = card_rows(groups(KEYS), columns)
    return [row.replace("↑ ↓  ", "Up/Dn") for row in rows] if ascii_only else rows


def _dress(desk: Desk, session: Session, dark: bool | None) -> None:
    """Let prompt and screen follow the settings, and the terminal's background once it is known."""
    settings, options = session.settings, desk.prompt.options
    desk.tty.speak_plainly(settings.accessible)
    if not settings.title:
        desk.tty.give_back(OLD_TITLE)
    desk.speaker.look = choose_look(settings, os.environ, sys.stdout, dark=dark)
    desk.speaker.console.wear(appearance(settings, os.environ, dark=dark))
    desk.prompt.change(
        replace(
            options,
            mark=mark_for(speaks_utf8(sys.stdout, os.environ), plain=settings.accessible),
            theme=pick_theme(settings.theme, dark=dark),
            color=not desk.speaker.console.no_color,
            vi=settings.editing_mode == "vi",
            plain=settings.accessible,
            multiline=settings.multiline,
        )
    )


def _draw(block: Block, *, tty: Tty, session: Session, sixel: bool) -> None:
    """Show a picture that is attached, where the terminal can."""
    if session.settings.accessible or not tty.knows_escapes:
        return
    from chatrepl.attachments.thumbnail import drawing_of, thumbnail  # loads Pillow

    columns = get_terminal_size().columns - 1
    if drawn := thumbnail(block, drawing_of(os.environ, sixel=sixel), columns):
        tty.write(drawn)


def _edit(text: str, tty: Tty, keep: Callable[[str], object]) -> str:
    """Give a text as the user left it in the editor; `keep` gets what a signal tore off there."""
    with tty.usual():
        edited = edit(text, os.environ)
    if not edited.fault:
        return edited.text
    if edited.text == text:
        raise UsageError(f"{edited.fault}.")
    keep(edited.text)
    raise UsageError(f"{edited.fault}.", "↑ brings back what it had saved.")


def _copy(text: str, tty: Tty) -> str:
    """Put text on the clipboard; say how, in the words that end a sentence."""
    if Clipboard().write(text):
        return "to the clipboard."
    if not tty.knows_escapes:
        raise UsageError(
            "Nothing was copied: there is no program for that.", "wl-copy is one, xclip too."
        )
    screen = os.environ.get("TERM", "").startswith("screen") and "TMUX" not in os.environ
    tty.write(osc52(text, "TMUX" in os.environ, screen=screen))
    return "through the terminal, to its clipboard."
