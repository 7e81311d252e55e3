"""Message Batches from the command line: `--batch`, `--batches`, `--cancel ID`."""

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

from chatrepl.api.batches import BatchDoor
from chatrepl.cli.answers import wanted_of
from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import Connection, open_connection
from chatrepl.cli.loop import new_runner
from chatrepl.cli.message import form_of
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.pages.batch_list import NO_BATCHES, batch_facts, batch_list
from chatrepl.session.session import Session
from chatrepl.shells.batched import Batched
from chatrepl.shells.dispatch import Dispatch, LeftError, status_words
from chatrepl.shells.flights import Forgetting
from chatrepl.shells.mutter import mutter
from chatrepl.shells.tally import RunTally
from chatrepl.storage.answer_log import AnswerLog
from chatrepl.terminal.columns import table_text
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json

_TELL_S: Final = 60.0


async def batched(
    options: Options, session: Session, connection: Connection, log: object, tally: RunTally
) -> Batched:
    """Make what sends the questions of this run as batches."""
    kept = log if isinstance(log, AnswerLog) else None
    dispatch = await _dispatch(options, session, connection, kept)
    folder = kept.path.parent if kept is not None else None
    return Batched(session, dispatch, wanted_of(options, session), tally.pay, folder)


async def _dispatch(
    options: Options, session: Session, connection: Connection, log: AnswerLog | None = None
) -> Dispatch:
    say = _sayer(options)
    return Dispatch(
        BatchDoor(await connection.client),
        log or Forgetting(),
        connection.till,
        session.settings.retries,
        say,
        _now_and_then(say),
        wait=not options.no_wait,
        again=options.retry_failed,
    )


def leave(options: Options, left: LeftError, out: TextIO) -> int:
    """Print the ids of batches that nobody waits for; give the exit code."""
    for id_ in left.ids:
        if options.manner == "jsonl":
            write_json(out, {"batch": id_})
        else:
            out.write(f"{id_}\n")
    out.flush()
    _sayer(options)(left.message)
    return 0


def show_batches(options: Options, loaded: Config, out: TextIO) -> int:
    """List, cancel or fetch batches, as the command line asks; give the exit code.

    Raises ChatreplError.
    """
    session = new_session(options, loaded, interactive=False)
    session.prepare(form=form_of(options))
    with new_runner() as runner:
        return runner.run(_show(options, session, out))


async def _show(options: Options, session: Session, out: TextIO) -> int:
    connection = open_connection(session.settings, demo=options.demo, single=False)
    connection.keep_account(session)
    try:
        door = BatchDoor(await connection.client)
        if options.cancel is not None:
            status = await door.cancel(options.cancel)
            if options.manner == "text":
                out.write(f"{status.id} · {status_words(status)}\n")
            else:
                write_json(out, batch_facts(status))
            return 0
        if options.fetch is not None:
            from chatrepl.cli.fetching import Fetching  # only here

            dispatch = await _dispatch(options, session, connection)
            return await Fetching(options, session, dispatch, options.fetch).fetch(out)
        return await _list(options, door, out)
    except ApiError as error:
        if error.kind is ApiErrorKind.NOT_FOUND and not options.batches:
            error.hint = "chatrepl --batches lists those there are."
        raise
    finally:
        await connection.close()


async def _list(options: Options, door: BatchDoor, out: TextIO) -> int:
    batches = [one async for one in door.all()]
    if options.manner != "text":
        write_json(out, {"batches": [batch_facts(one) for one in batches]})
        return 0
    if not batches:
        mutter(sys.stderr, f"chatrepl: {NO_BATCHES}")
    out.write(table_text(batch_list(batches), None))
    return 0


def _sayer(options: Options) -> Callable[[str], None]:
    def say(words: str) -> None:
        if not options.quiet:
            mutter(sys.stderr, f"chatrepl: {one_line(words, 400)}")

    return say


def _now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    """Say how far a batch is, but the same not again within a minute."""
    told: dict[str, float] = {}

    def tell(words: str) -> None:
        now = time.monotonic()
        if now - told.get(words, -_TELL_S) >= _TELL_S:
            told[words] = now
            say(words)

    return tell
