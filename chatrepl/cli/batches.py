"""Message Batches from the command line: `--batch`, `--batches`, `--fetch ID`, `--cancel ID`."""

import sys
import time
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

from chatrepl.api.batches import BatchDoor, BatchResult
from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import Connection, open_connection
from chatrepl.cli.loop import new_runner
from chatrepl.cli.message import check_of, form_of
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.errors import ApiError, ChatreplError, UsageError
from chatrepl.core.items import Item
from chatrepl.core.result import Wanted
from chatrepl.core.talk.message import Message
from chatrepl.pages.batch_list import NO_BATCHES, batch_facts, batch_list
from chatrepl.session.session import Session
from chatrepl.shells.attempt import Attempt, ItemQuestion, failed_by, fork
from chatrepl.shells.batched import MOST_READS, Batched, place_of, recorded
from chatrepl.shells.dispatch import Dispatch, LeftError, status_words
from chatrepl.shells.each import Sink
from chatrepl.shells.flights import Forgetting
from chatrepl.shells.mutter import mutter
from chatrepl.shells.tally import RunTally
from chatrepl.storage.answer_log import AnswerLog
from chatrepl.storage.files import write_new
from chatrepl.terminal.columns import table_text
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json

SOME_FAILED: Final = 9
UNDER_WAY: Final = 4
_TELL_S: Final = 60.0
Listed: TypeAlias = list[tuple[int, str, dict[str, Any]]]


async def batched(
    options: Options, session: Session, connection: Connection, log: object, tally: RunTally
) -> Batched:
    """Make what sends the questions of this run as batches."""
    say = _sayer(options)
    dispatch = Dispatch(
        BatchDoor(await connection.client),
        log if isinstance(log, AnswerLog) else Forgetting(),
        connection.till,
        session.settings.retries,
        say,
        now_and_then(say),
        wait=not options.no_wait,
        again=options.retry_failed,
    )
    folder = log.path.parent if isinstance(log, AnswerLog) else None
    return Batched(session, dispatch, _wanted(options, session), tally.pay, folder)


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
            return await _fetch(options, session, connection, door, out)
        return await _list(options, door, out)
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


async def _fetch(
    options: Options, session: Session, connection: Connection, door: BatchDoor, out: TextIO
) -> int:
    """Print the results of a batch in the order of its items, once it has ended."""
    id_ = options.fetch or ""
    path = _target(options)
    sender = await batched(options, session, connection, None, RunTally())
    status = await door.retrieve(id_)
    if options.no_wait and not status.ended:
        raise ChatreplError(
            f"{id_} is not done: {status_words(status)}.",
            "Without --no-wait, --fetch waits for it.",
            exit_code=UNDER_WAY,
        )
    await sender.dispatch.ended(id_)
    reading = partial(_results, options, session, connection, door, id_)
    for _ in range(MOST_READS):
        listed = await sender.dispatch.patiently(reading)
        if len(listed) >= status.total:
            break
    else:
        lack = f"{status.total - len(listed):,} of {status.total:,} results are missing."
        mutter(sys.stderr, f"chatrepl: {lack} The same command may get them.")
    if connection.till is not None:
        connection.till.let_go(id_)
    code = _write(options, out, path, listed, cite=session.settings.cite)
    return code if len(listed) >= status.total else SOME_FAILED


async def _results(
    options: Options, session: Session, connection: Connection, door: BatchDoor, id_: str
) -> Listed:
    """Read the results of a batch, in the order of its items."""
    listed: Listed = []
    async with aclosing(door.results(id_)) as results:
        async for result in results:
            place = place_of(result[0])
            name = f"{id_}:{result[0]}"
            try:
                wire = await _read(options, session, connection, result, name)
            except Exception as bug:  # noqa: BLE001 - a place of containment
                wire = failed_by(bug, session)
            listed.append((len(listed) if place is None else place, result[0], wire))
    listed.sort(key=lambda one: one[0])
    return listed


def _write(options: Options, out: TextIO, path: Path | None, listed: Listed, *, cite: bool) -> int:
    """Write results to a file, or print them. Raises UsageError where the file is there by now."""
    from chatrepl.cli.many import sink_of  # which sends batches, too

    if path is None:

        def write(data: bytes) -> None:
            out.buffer.write(data)
            out.buffer.flush()

        return _print(listed, sink_of(options, out, write, cite=cite))
    pieces: list[bytes] = []
    code = _print(listed, sink_of(options, out, pieces.append, cite=cite))
    try:
        write_new(path, b"".join(pieces).decode())
    except FileExistsError:
        raise _there(path) from None
    return code


def _target(options: Options) -> Path | None:
    """Give the file that answers go to; None is stdout. Raises UsageError where one is there."""
    path = Path(options.out).expanduser() if options.out is not None else None
    if path is not None and path.exists():
        raise _there(path)
    return path


def _there(path: Path) -> UsageError:
    return UsageError(f"{path} is there already.", "Take another --out, or remove that file.")


async def _read(
    options: Options, session: Session, connection: Connection, result: BatchResult, name: str
) -> dict[str, Any]:
    """Judge one result as if its question had been asked here."""
    own = fork(session, "", "")
    question = ItemQuestion(Item(0, name), own, Message.user(name))
    attempt = Attempt(question, _wanted(options, session), own)
    if isinstance(result[1], ApiError):
        return attempt.failed(result[1])
    try:
        wire = await attempt.ask(recorded(result[1]))
    except ChatreplError as error:
        wire = attempt.failed(error)
    if connection.till is not None:
        connection.till.enter_batched(name, question.request, attempt.reply)
    return wire


def _print(listed: Listed, sink: Sink) -> int:
    tally = RunTally(len(listed))
    for place, custom_id, result in listed:
        item = Item(place, custom_id)
        sink(item, result)
        tally.count(item, result)
    for line in tally.failed_lines():
        mutter(sys.stderr, f"chatrepl: {one_line(line, 400)}")
    return SOME_FAILED if tally.failed else 0


def _wanted(options: Options, session: Session) -> Wanted:
    form = session.next.form
    return Wanted(form, options.extract, check_of(options, form))


def _sayer(options: Options) -> Callable[[str], None]:
    def say(words: str) -> None:
        if not options.quiet:
            mutter(sys.stderr, f"chatrepl: {one_line(words, 400)}")

    return say


def now_and_then(say: Callable[[str], None]) -> Callable[[str], None]:
    """Say how far a batch is, but the same not again within a minute."""
    told: dict[str, float] = {}

    def tell(words: str) -> None:
        now = time.monotonic()
        if now - told.get(words, -_TELL_S) >= _TELL_S:
            told[words] = now
            say(words)

    return tell
