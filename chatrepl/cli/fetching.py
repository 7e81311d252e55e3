"""`--fetch ID`: the answers of a batch, in the order of its items, once it has ended."""

import sys
from array import array
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from chatrepl.api.batches import BatchResult
from chatrepl.cli.answers import SOME_FAILED, sink_of, wanted_of
from chatrepl.cli.options import Options
from chatrepl.core.errors import ApiError, ChatreplError, UsageError
from chatrepl.core.items import Item
from chatrepl.core.talk.message import Message
from chatrepl.session.session import Session
from chatrepl.shells.attempt import Attempt, ItemQuestion, failed_by, fork
from chatrepl.shells.batched import MOST_READS, place_of, recorded
from chatrepl.shells.dispatch import Dispatch, status_words
from chatrepl.shells.mutter import mutter
from chatrepl.shells.tally import RunTally
from chatrepl.storage.answer_log import OutFile, Passing
from chatrepl.storage.files import kind_at, write_new
from chatrepl.terminal.sanitize.text import one_line

UNDER_WAY: Final = 4


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


@dataclass(slots=True)
class Fetching:
    """The batch `id_`, from the service to a file or to stdout."""

    options: Options
    session: Session
    dispatch: Dispatch
    id_: str

    async def fetch(self, out: TextIO) -> int:
        """Print the results in the order of the items; give the exit code. Raises ChatreplError."""
        path = _target(self.options)
        status = await self.dispatch.door.retrieve(self.id_)
        if self.options.no_wait and not status.ended:
            raise ChatreplError(
                f"{self.id_} is not done: {status_words(status)}.",
                "Without --no-wait, --fetch waits for it.",
                exit_code=UNDER_WAY,
            )
        await self.dispatch.ended(self.id_)
        with closing(Fetched()) as results:
            for _ in range(MOST_READS):
                await self.dispatch.patiently(partial(self._take, results))
                if len(results.places) >= status.total:
                    break
            else:
                lack = f"{status.total - len(results.places):,} of {status.total:,}"
                words = f"{lack} results are missing. The same command may get them."
                mutter(sys.stderr, f"chatrepl: {words}")
            if self.dispatch.till is not None:
                self.dispatch.till.let_go(self.id_)
            code = _write(self.options, out, path, results, cite=self.session.settings.cite)
            return code if len(results.places) >= status.total else SOME_FAILED

    async def _take(self, taken: Fetched) -> None:
        """Read all results, from the first one."""
        taken.begin()
        async with aclosing(self.dispatch.door.results(self.id_)) as results:
            async for result in results:
                try:
                    wire = await self._judged(result, f"{self.id_}:{result[0]}")
                except Exception as bug:  # noqa: BLE001 - a place of containment
                    wire = failed_by(bug, self.session)
                taken.put(result[0], wire)

    async def _judged(self, result: BatchResult, name: str) -> dict[str, Any]:
        """Judge one result as if its question had been asked here."""
        own = fork(self.session, "", "")
        question = ItemQuestion(Item(0, name), own, Message.user(name))
        attempt = Attempt(question, wanted_of(self.options, self.session), own)
        if isinstance(result[1], ApiError):
            return attempt.failed(result[1])
        try:
            wire = await attempt.ask(recorded(result[1]))
        except ChatreplError as error:
            wire = attempt.failed(error)
        if self.dispatch.till is not None:
            self.dispatch.till.enter_batched(name, question.request, attempt.reply)
        return wire


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
