"""A single shot from the command line: the message put together, asked, and answered."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TextIO

from chatrepl.api.address import is_allowed
from chatrepl.cli import stdin
from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import Connection, open_connection
from chatrepl.cli.loop import new_runner
from chatrepl.cli.message import check_of, compose, form_of, look_for_keys
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.errors import INTERRUPTED, ApiError, ChatreplError
from chatrepl.core.words import for_a_shell
from chatrepl.core.world import Display
from chatrepl.session.session import Session
from chatrepl.session.till import is_bounded
from chatrepl.shells.mutter import mutter
from chatrepl.shells.oneshot import STOPPED, Manner, Shot
from chatrepl.storage.paths import find_folders

if TYPE_CHECKING:
    from chatrepl.core.talk.workshop import MadeFile
    from chatrepl.shells.sinks import RowWriter

_AT_ONCE_S: Final = 0.05
_GREETING_S: Final = 3.0


def shoot(options: Options, loaded: Config, out: TextIO) -> int:
    """Answer one question and give the exit code. Raises ChatreplError."""
    begun: list[object] = []
    try:
        return _shoot(options, loaded, out, begun)
    except (KeyboardInterrupt, SystemExit) as leaving:
        if begun:  # it has told how far the reply came
            raise
        raise stopped(leaving) from None


def stopped(leaving: KeyboardInterrupt | SystemExit) -> ChatreplError:
    """Give words for what ends a shot before it has asked."""
    code = leaving.code if isinstance(leaving, SystemExit) else INTERRUPTED
    code = code if isinstance(code, int) else 1
    return ChatreplError(STOPPED.get(code, "Ended by a signal."), exit_code=code)


def _shoot(options: Options, loaded: Config, out: TextIO, begun: list[object]) -> int:
    reading = None if stdin.is_keyboard() else stdin.read_in_background()
    session = _session(options, loaded)
    session.prepare(form=form_of(options))
    with _tools(options, session):
        put_away = kept(options, session)
        try:
            with new_runner() as runner:
                code = runner.run(_ask(options, session, reading, out, begun))
        finally:
            unsaved = put_away()
        return code or unsaved


def _tools(options: Options, session: Session) -> AbstractContextManager[None]:
    if not options.names_tools:
        return nullcontext()
    from chatrepl.cli.benches import shot_tools  # seldom asked for

    return shot_tools(options, session)


def _session(options: Options, loaded: Config) -> Session:
    """Make the session; prices are looked up only where somebody will see them."""
    session = new_session(options, loaded, interactive=False)
    is_seen = options.verbose or options.keeps or is_bounded(session.settings)
    if options.manner == "text" and not is_seen:
        session.equip(price=lambda _model, _usage, _when: None)
    return session


async def _ask(
    options: Options,
    session: Session,
    reading: "Future[stdin.Piped] | None",
    out: TextIO,
    begun: list[object],
) -> int:
    """Get the connection ready while standard input is read, then send."""
    async with AsyncExitStack() as stack:
        connection, refused = _connect(options, session)
        if connection is not None:
            _tell_of_plain_http(options, session, connection)
            connection.keep_account(session)
            stack.push_async_callback(connection.close)
        if session.bench is not None:
            stack.push_async_callback(session.bench.box.close)
        message = compose(options, session, await _piped(options, reading, connection))
        if connection is None:
            raise refused or ChatreplError("There is no connection.")
        look_for_keys(options, session, message, connection.route.secrets)
        manner = _manner(options, session, out)
        if options.compares:
            from chatrepl.cli.comparison import Shots, asked_models  # seldom asked for

            models = asked_models(options, session)
            connection.firsts = len(models)
            shot: Shots | Shot = Shots(session, models, manner, out, sys.stderr)
        else:
            _tell_of_the_cache(options, session)
            shot = Shot(session, manner, out, sys.stderr)
            shot.about, shot.count = partial(_about, connection), connection.count
        begun.append(shot)
        return await shot.answer(message, connection.stream)


def _tell_of_plain_http(options: Options, session: Session, connection: Connection) -> None:
    if options.quiet or not is_allowed(connection.route.url, session.settings.allow_http):
        return
    what = f"the key goes to {connection.route.origin.host} over plain http"
    mutter(sys.stderr, f"chatrepl: {what}, as allow_http allows.")


def _tell_of_the_cache(options: Options, session: Session) -> None:
    """Say where a side question reads nothing that is in the cache."""
    if options.aside is None or options.quiet:
        return
    from chatrepl.session.beside import reads_no_cache

    words = reads_no_cache(session)
    mutter(sys.stderr, f"chatrepl: {words}" if words else "")


async def _about(
    connection: Connection, ids: Sequence[str]
) -> "Sequence[MadeFile | ChatreplError]":
    from chatrepl.cli.files import about_files  # seldom needed

    return await about_files(connection, ids)


async def _piped(
    options: Options, reading: "Future[stdin.Piped] | None", connection: Connection | None
) -> stdin.Piped | None:
    piped = None
    if reading is not None:
        piped = await _wait(reading, connection)
        if piped.note and not options.quiet:
            mutter(sys.stderr, f"chatrepl: {piped.note}")
    return piped


def _connect(options: Options, session: Session) -> tuple[Connection | None, ApiError | None]:
    """Open the connection; having none matters only once there is something to ask."""
    try:
        single = not options.names_tools  # each round is a request
        return open_connection(session.settings, demo=options.demo, single=single), None
    except ApiError as error:
        return None, error


async def _wait(reading: "Future[stdin.Piped]", connection: Connection | None) -> stdin.Piped:
    """Wait for standard input; what takes its time leaves time to greet the service."""
    piped = asyncio.wrap_future(reading)
    done, _ = await asyncio.wait([piped], timeout=_AT_ONCE_S)
    if not done and connection is not None:
        await asyncio.gather(piped, _greet(connection))
    return await piped


async def _greet(connection: Connection) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_GREETING_S):
            await connection.warm()


def kept(options: Options, session: Session) -> Callable[[], int]:
    """Keep the conversation where that is asked for; give what puts it away, with its exit code."""
    if not options.keeps:
        return lambda: 0
    from chatrepl.cli.saved import keep, put_away

    for note in keep(options, session, find_folders()).notes:
        mutter(sys.stderr, f"chatrepl: {for_a_shell(note)}")
    return lambda: put_away(session)


def _manner(options: Options, session: Session, out: TextIO) -> Manner:
    raw = session.settings.render == "raw"
    status = _is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") not in {"", "dumb"}
    status = status and not session.settings.accessible
    rows = _rows(options, out)
    return Manner(
        output="text" if rows is not None else options.manner,
        raw=options.raw,
        screen=_is_terminal(out),
        extract=options.extract,
        quiet=options.quiet,
        verbose=options.verbose,
        live_status=status,
        rendered=(lambda: _live_view(session, out)) if _is_terminal(out) and not raw else None,
        check=check_of(options, session.next.form),
        rows=rows,
        beside=options.aside is not None,
    )


def _rows(options: Options, out: TextIO) -> "RowWriter | None":
    if options.rows is None or options.manner == "json":
        return None
    from chatrepl.cli.answers import row_writer  # seldom asked for

    def write(data: bytes) -> None:
        out.write(data.decode())
        out.flush()

    return row_writer(options, write, on_screen=_is_terminal(out))


def _live_view(session: Session, out: TextIO) -> Display:
    from chatrepl.cli.screen import choose_look, console, live_view
    from chatrepl.startup.early_prompt import from_environment

    dark = from_environment(os.environ)  # the terminal is not asked: keys may be on their way
    screen = console(session.settings, os.environ, out, dark=dark)
    look = choose_look(session.settings, os.environ, out, dark=dark)
    return live_view(session.settings, os.environ, screen, look, out)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
