"""Message Batches from the command line: `--batch`, `--batches`, `--fetch ID`, `--cancel ID`."""

import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from chatrepl.api.batches import BatchDoor, BatchResult
from chatrepl.cli.answers import SOME_FAILED, sink_of, wanted_of
from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import Connection, open_connection
from chatrepl.cli.loop import new_runner
from chatrepl.cli.message import form_of
from chatrepl.cli.options import Options
from chatrepl.config.load import Config
from chatrepl.core.errors import ApiError, ApiErrorKind, ChatreplError, UsageError
from chatrepl.core.items import Item
from chatrepl.core.talk.message import Message
from chatrepl.pages.batch_list import NO_BATCHES, batch_facts, batch_list
from chatrepl.session.session import Session
from chatrepl.shells.attempt import Attempt, ItemQuestion, failed_by, fork
from chatrepl.shells.batched import MOST_READS, Batched, place_of, recorded
from chatrepl.shells.dispatch import Dispatch, LeftError, status_words
from chatrepl.shells.flights import Forgetting
from chatrepl.shells.mutter import mutter
from chatrepl.shells.tally import RunTally
from chatrepl.storage.answer_log import AnswerLog, OutFile, Passing
from chatrepl.storage.files import kind_at, write_new
from chatrepl.terminal.columns import table_text
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json

UNDER_WAY: Final = 4
_TELL_S: Final = 60.0


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
    return Batched(session, dispatch, wanted_of(options, session), tally.pay, folder)


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


@dataclass(slots=True)
class Fetched:
    """The results of a batch as they came, in any order; on the disk, so that many may be."""

    places: "array[int]" = field(default_factory=lambda: array("Q"))
    aside: Passing = field(default_factory=Passing)

    def begin(self) -> None:
        """Forget what was read before."""
        self.close()
        self.places, self.aside = array("Q"), Passing()

    def put(self, custom_id: str, result: dict[str, Any]) -> None:
        """Put aside what came of a request."""
        number, place = len(self.places), place_of(custom_id)
        self.aside.put(number, "", {"id": custom_id, "result": result})
        self.places.append(number if place is None else place)

    def in_order(self) -> Iterator[tuple[Item, dict[str, Any]]]:
        """Give all of them in the order of the items, once."""
        for number in sorted(range(len(self.places)), key=self.places.__getitem__):
            if (entry := self.aside.get(number, "")) is not None:
                yield Item(self.places[number], entry["id"]), entry["result"]

    def close(self) -> None:
        """Let go of what is on the disk."""
        self.aside.close()


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
    with closing(Fetched()) as results:
        reading = partial(_take, options, session, connection, door, results, id_)
        for _ in range(MOST_READS):
            await sender.dispatch.patiently(reading)
            if len(results.places) >= status.total:
                break
        else:
            lack = f"{status.total - len(results.places):,} of {status.total:,}"
            words = f"{lack} results are missing. The same command may get them."
            mutter(sys.stderr, f"chatrepl: {words}")
        if connection.till is not None:
            connection.till.let_go(id_)
        code = _write(options, out, path, results, cite=session.settings.cite)
        return code if len(results.places) >= status.total else SOME_FAILED


async def _take(
    options: Options,
    session: Session,
    connection: Connection,
    door: BatchDoor,
    taken: Fetched,
    id_: str,
) -> None:
    """Read all results of a batch, from the first one."""
    taken.begin()
    async with aclosing(door.results(id_)) as results:
        async for result in results:
            try:
                wire = await _read(options, session, connection, result, f"{id_}:{result[0]}")
            except Exception as bug:  # noqa: BLE001 - a place of containment
                wire = failed_by(bug, session)
            taken.put(result[0], wire)


def _write(
    options: Options, out: TextIO, path: Path | None, results: Fetched, *, cite: bool
) -> int:
    """Write results to a file, or print them; tell whether some failed, as the exit code.

    Raises UsageError where the file is there by now.
    """
    tally = RunTally(len(results.places))
    pieces: list[bytes] = []
    sink = sink_of(options, out, pieces.append, cite=cite)

    def written() -> Iterator[bytes]:
        for item, result in results.in_order():
            sink(item, result)
            tally.count(item, result)
            yield from pieces
            pieces.clear()

    try:
        if path is None:
            out.buffer.writelines(written())
            out.buffer.flush()
        elif kind_at(path):  # such as a device: what is written there is no file
            with closing(OutFile(path, goes_on=False)) as file:
                for piece in written():
                    file.write(piece)
        else:
            write_new(path, written())
    except FileExistsError:
        raise _there(path) from None
    for line in tally.failed_lines():
        mutter(sys.stderr, f"chatrepl: {one_line(line, 400)}")
    return SOME_FAILED if tally.failed else 0


def _target(options: Options) -> Path | None:
    """Give the file that answers go to; None is stdout.

    Raises UsageError where one is there, or could never be.
    """
    if options.out_file is None:
        return None
    path = Path(options.out_file).expanduser()
    if kind_at(path) in {"file", "folder"}:
        raise _there(path)
    if kind_at(path.parent) != "folder":
        raise UsageError(f"{path} cannot be written: there is no such folder.")
    return path


def _there(path: Path | None) -> UsageError:
    return UsageError(f"{path} is there already.", "Take another --out, or remove that file.")


async def _read(
    options: Options, session: Session, connection: Connection, result: BatchResult, name: str
) -> dict[str, Any]:
    """Judge one result as if its question had been asked here."""
    own = fork(session, "", "")
    question = ItemQuestion(Item(0, name), own, Message.user(name))
    attempt = Attempt(question, wanted_of(options, session), own)
    if isinstance(result[1], ApiError):
        return attempt.failed(result[1])
    try:
        wire = await attempt.ask(recorded(result[1]))
    except ChatreplError as error:
        wire = attempt.failed(error)
    if connection.till is not None:
        connection.till.enter_batched(name, question.request, attempt.reply)
    return wire


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
