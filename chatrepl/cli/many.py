"""`--each` put together: items, questions, where the answers go, and the exit code."""

import asyncio
import hashlib
import os
import stat
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from chatrepl.api.http import listen
from chatrepl.cli.assemble import new_session
from chatrepl.cli.batches import batched, leave
from chatrepl.cli.connection import Connection, new_runner, open_connection
from chatrepl.cli.message import attached, form_of
from chatrepl.cli.options import Options
from chatrepl.cli.questions import Questions
from chatrepl.cli.sources import Source, source_of
from chatrepl.config.load import Config
from chatrepl.core.errors import ChatreplError, UsageError
from chatrepl.core.items import Item
from chatrepl.core.limiter import Limiter
from chatrepl.core.result import Wanted
from chatrepl.core.wire import encode
from chatrepl.core.words import for_a_shell
from chatrepl.pages.reply_form import check_of
from chatrepl.session.foreword import foreword
from chatrepl.session.session import Session
from chatrepl.shells.batched import LeftError
from chatrepl.shells.each import Each, Ordered, Sender, Sink
from chatrepl.shells.live import Gate, Live
from chatrepl.shells.oneshot import mutter
from chatrepl.shells.sinks import ObjectSink, TextSink, Write
from chatrepl.shells.tally import Tally
from chatrepl.storage.answer_log import AnswerLog, Done, OutFile, Passing
from chatrepl.terminal.sanitize.text import display, one_line, pipe

SOME_FAILED: Final = 9
_WIDEST: Final = 64
_SAFE: Final = "Nothing was sent."


def ask_many(options: Options, loaded: Config, out: TextIO) -> int:
    """Ask about each item and give the exit code. Raises ChatreplError."""
    session = new_session(options, loaded, interactive=False)
    session.use(head_start=False)
    session.prepare(form=form_of(options))
    if "-" in options.attach:
        raise UsageError("-a - is no file here: standard input has the items.", _SAFE)
    files = [block for file in attached(options, session, None) for block in file.blocks]
    questions = Questions(options, session, tuple(files))
    source = source_of(options, named=questions.named)
    tally = Tally(_checked(source, questions) if source.again else None)
    with ExitStack() as stack, new_runner() as runner:
        run = _Run(options, session, questions, tally, stack, out)
        return runner.run(run.all(source))


def _checked(source: Source, questions: Questions) -> int:
    """Look at all items before anything is sent; give their number. Raises UsageError."""
    count = 0
    for item in source.read():
        questions.check(item)
        count += 1
    return count


@dataclass(slots=True)
class _Run:
    """One run: where the answers go, and what has come of it."""

    options: Options
    session: Session
    questions: Questions
    tally: Tally
    stack: ExitStack
    out: TextIO

    async def all(self, source: Source) -> int:
        """Ask about all items; give the exit code. Raises what stops the run."""
        options = self.options
        connection = open_connection(
            self.session.settings, demo=options.demo, single=True, width=_WIDEST
        )
        self.questions.own = connection.route.secrets
        log, write = self._ends()
        sink = _sink(options, self.out, write)

        def written(item: Item, result: dict[str, Any]) -> None:
            sink(item, result)
            self.tally.count(item, result)

        each = Each(
            self.questions, self.session.settings.model, Ordered(log, written), options.retry_failed
        )
        for line in foreword(self.session):
            self._say(for_a_shell(line))
        with _reader_watched(self.out) as watch:
            try:
                await each.run(self._items(source), await self._sender(connection, log))
            except asyncio.CancelledError:
                if watch.gone:
                    raise BrokenPipeError from None
                return self._report(130)
            except LeftError as left:
                return leave(options, left, self.out)
            except ChatreplError as error:
                self._report(error.exit_code)
                raise
            finally:
                await connection.close()
        return self._report(SOME_FAILED if self.tally.failed else 0)

    async def _items(self, source: Source) -> AsyncGenerator[Item, None]:
        """Yield the items; the first of them is looked at before anything is sent."""
        async for item in source.items():
            if item.number == 0:
                self.questions.check(item)
            yield item

    async def _sender(self, connection: Connection, log: Done) -> Sender:
        connection.keep_account(self.session)
        if self.options.batch:
            return await batched(self.options, self.session, connection, log, self.tally)
        return self._live(connection)

    def _live(self, connection: Connection) -> Live:
        gate = Gate(Limiter(asked=min(self.options.jobs or 0, _WIDEST)))
        listen(connection.http, gate.hear)
        connection.retries = 0  # every question waits by itself, and its place is free meanwhile
        wanted = Wanted(
            self.session.next.form, self.options.extract, check_of(self.session.next.form)
        )
        return Live(self.session, connection.stream, gate, wanted, self.tally.pay, self._say)

    def _ends(self) -> tuple[Done, Write]:
        """Open what the answers are kept in and written to."""
        options = self.options
        out_path = Path(options.out).expanduser() if options.out else None
        state = Path(options.state).expanduser() if options.state else None
        if out_path is not None and (out_path.is_file() or not out_path.exists()):
            state = out_path.with_name(f"{out_path.name}.state")
        log: Done = Passing()
        goes_on = state is not None and state.exists()
        if state is not None:
            opened = AnswerLog(state, _made_of(options, self.session, self.questions))
            self.stack.callback(opened.close)
            log = opened
        if out_path is None:
            return log, self._print
        file = OutFile(out_path, goes_on=goes_on)
        self.stack.callback(file.close)
        self.stack.push(lambda kind, *_: file.end() if kind is None else None)
        return log, file.write

    def _print(self, data: bytes) -> None:
        self.out.buffer.write(data)
        self.out.buffer.flush()

    def _say(self, words: str) -> None:
        if not self.options.quiet:
            mutter(sys.stderr, f"chatrepl: {one_line(words, 400)}")

    def _report(self, code: int) -> int:
        """Say what became of it all; give the code."""
        for line in self.tally.failed_lines():
            mutter(sys.stderr, f"chatrepl: {one_line(line, 400)}")
        self._say(self.tally.line())
        return code


def _sink(options: Options, out: TextIO, write: Write) -> Sink:
    if options.manner == "jsonl":
        return ObjectSink(write)
    on_screen = options.out is None and out.isatty()
    safe = display if on_screen else ((lambda text: text) if options.raw else pipe)
    return TextSink(write, safe)


def _made_of(options: Options, session: Session, questions: Questions) -> dict[str, str]:
    """Name what all questions are made of, so that another command is known as another."""
    form = session.next.form
    parts = {
        "model": session.settings.model,
        "prompt": " ".join(options.prompt),
        "system prompt": session.system,
        "prefill": options.prefill or "",
        "form": encode([form.schema, form.choices, form.whole] if form else options.extract),
        "attachment": encode([block.to_wire() for block in questions.files]),
    }
    return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in parts.items()}


@dataclass(slots=True)
class _Watch:
    """Whether who reads our output went away."""

    gone: bool = False


@contextmanager
def _reader_watched(out: TextIO) -> Iterator[_Watch]:
    """Cancel the task at once where a pipe that we write to has lost its reader."""
    watch, task = _Watch(), asyncio.current_task()
    loop = asyncio.get_running_loop()

    def leave() -> None:
        watch.gone = True
        loop.remove_reader(out.fileno())
        if task is not None:
            task.cancel()

    try:
        is_pipe = stat.S_ISFIFO(os.fstat(out.fileno()).st_mode)
    except (OSError, ValueError):
        is_pipe = False
    if is_pipe:
        with suppress(OSError):
            loop.add_reader(out.fileno(), leave)
    try:
        yield watch
    finally:
        if is_pipe and not watch.gone:
            loop.remove_reader(out.fileno())
