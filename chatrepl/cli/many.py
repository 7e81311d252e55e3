"""`--each` put together: items, questions, where the answers go, and the exit code."""

import asyncio
import hashlib
import os
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from chatrepl.api.prices import SteadyPrices
from chatrepl.cli.answers import SOME_FAILED, sink_of, wanted_of
from chatrepl.cli.assemble import new_session
from chatrepl.cli.batches import batched, leave
from chatrepl.cli.beforehand import Bill, agreed, at_terminal, look_through
from chatrepl.cli.connection import Connection, open_connection
from chatrepl.cli.loop import new_runner
from chatrepl.cli.message import attached, form_of, look_for_keys
from chatrepl.cli.options import Options
from chatrepl.cli.questions import Questions
from chatrepl.cli.sources import ItemSource, source_of
from chatrepl.config.load import Config
from chatrepl.core.errors import INTERRUPTED, SAFE, ChatreplError, ConfigError, UsageError
from chatrepl.core.items import Item
from chatrepl.core.limiter import Limiter
from chatrepl.core.talk.message import Message
from chatrepl.core.value import frozen
from chatrepl.core.wire import encode
from chatrepl.core.words import for_a_shell
from chatrepl.session.foreword import foreword
from chatrepl.session.session import Session
from chatrepl.shells.attempt import failed_by
from chatrepl.shells.dispatch import LeftError
from chatrepl.shells.each import Each, Ordered, Sender, Sink
from chatrepl.shells.flights import is_under_way
from chatrepl.shells.live import Gate, Live
from chatrepl.shells.mutter import mutter, say_error
from chatrepl.shells.scores import Scores
from chatrepl.shells.sinks import Write
from chatrepl.shells.tally import RunTally
from chatrepl.storage.answer_log import AnswerLog, Done, OutFile, Passing
from chatrepl.storage.files import kind_at
from chatrepl.terminal.console import Appearance, is_dumb, is_terminal, wants_color
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.terminal.views.json_lines import write_json

NOT_AS_EXPECTED: Final = 8
_WIDEST: Final = 64


def ask_many(options: Options, loaded: Config, out: TextIO) -> int:
    """Ask about each item and give the exit code. Raises ChatreplError."""
    session = new_session(options, loaded, interactive=False)
    session.equip(price=SteadyPrices().price)
    session.prepare(form=form_of(options))
    if "-" in options.attach:
        raise UsageError("-a - is no file here: standard input has the items.", SAFE)
    files = [block for file in attached(options, session, None) for block in file.blocks]
    look_for_keys(options, session, Message.user(" ".join(options.prompt), *files))
    questions = Questions(options, session, tuple(files))
    least = _share(options.at_least)
    asks = options.dry_run or (at_terminal() and not options.yes)
    source = source_of(options, named=questions.named, twice=asks)
    if options.dry_run:
        bill = look_through(source.read(), questions, log=Passing(), again=False)
        return _dry_run(bill, out, batch=options.batch)
    total = _checked(source, questions) if source.again else None
    if asks and not _agreed(options, session, questions, source):
        mutter(sys.stderr, f"chatrepl: {SAFE}")
        return INTERRUPTED
    with ExitStack() as stack, new_runner() as runner:
        ends = _ends(options, session, questions, out, stack)
        run = _ManyRun(options, session, questions, RunTally(total), out, least)
        return runner.run(run.all(source, ends))


def _share(text: str | None) -> float | None:
    """Read a share: 0.9, or 90%."""
    if text is None:
        return None
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError("--at-least takes a share, such as 0.9.", SAFE)
    return share


def _checked(source: ItemSource, questions: Questions) -> int:
    """Look at all items before anything is sent; give their number. Raises UsageError."""
    count = 0
    for item in source.read():
        questions.check(item)
        count += 1
    return count


def _agreed(options: Options, session: Session, questions: Questions, source: ItemSource) -> bool:
    """Tell what it will come to and ask whether to go on, unless there is nothing to pay for."""
    _, state = _paths(options)
    with ExitStack() as stack:
        log: Done = Passing()
        if state is not None and kind_at(state):
            opened = AnswerLog(state, _made_of(options, session, questions))
            stack.callback(opened.close)
            log = opened
        bill = look_through(source.read(), questions, log=log, again=options.retry_failed)
        if options.batch and isinstance(log, AnswerLog) and is_under_way(log.notes):
            return True  # what is asked about was sent, and is paid for
    return not bill.requests or agreed(f"{bill.words(batch=options.batch)}. Go?")


def _paths(options: Options) -> tuple[Path | None, Path | None]:
    """Give where answers are written, and where their log is; None is stdout, and no log."""
    path = Path(options.out_file).expanduser() if options.out_file else None
    state = Path(options.state).expanduser() if options.state else None
    if path is not None and kind_at(path) in {"file", ""}:
        state = path.with_name(f"{path.name}.state")
    return path, state


def _dry_run(bill: Bill, out: TextIO, *, batch: bool) -> int:
    if bill.first is None:
        raise UsageError("There are no items.", SAFE)
    write_json(out, bill.first.request.body())
    mutter(sys.stderr, f"chatrepl: {bill.words(batch=batch)} · nothing was sent")
    return 0


@frozen
class _Ends:
    """Where answers are kept and written; `finish` is for when all of them are there."""

    log: Done
    write: Write
    finish: Callable[[], None] = lambda: None


def _ends(
    options: Options, session: Session, questions: Questions, out: TextIO, stack: ExitStack
) -> _Ends:
    """Open what the answers are kept in and written to; `stack` closes it. Raises ChatreplError."""
    path, state = _paths(options)
    passing = Passing()
    stack.callback(passing.close)
    log: Done = passing
    goes_on = state is not None and bool(kind_at(state))
    if path is not None:
        file = OutFile(path, goes_on=goes_on)
        stack.callback(file.close)
    if state is not None:
        opened = AnswerLog(state, _made_of(options, session, questions))
        stack.callback(opened.close)
        log = opened
    if path is not None:
        return _Ends(log, file.write, file.end)

    def write(data: bytes) -> None:
        out.buffer.write(data)
        out.buffer.flush()

    return _Ends(log, write)


@dataclass(slots=True)
class _ManyRun:
    """One run: where the answers go, and what has come of it."""

    options: Options
    session: Session
    questions: Questions
    tally: RunTally
    out: TextIO
    least: float | None = None
    scores: Scores | None = None

    async def all(self, source: ItemSource, ends: _Ends) -> int:
        """Ask about all items; give the exit code. Raises what stops the run."""
        options = self.options
        connection = open_connection(
            self.session.settings, demo=options.demo, single=False, width=_WIDEST
        )
        self.questions.own = self.tally.secrets = connection.route.secrets
        if options.expect:
            self.scores = Scores(options.expect)
        sink = self._written(
            sink_of(options, self.out, ends.write, cite=self.session.settings.cite)
        )
        ordered = Ordered(ends.log, sink, lambda bug: failed_by(bug, self.session))
        model = self.session.settings.model
        each = Each(self.questions, model, ordered, options.retry_failed)
        self.session.prepare(prefill="")  # each question has its own
        for line in foreword(self.session):
            self._say(for_a_shell(line))
        with _reader_watched(self.out) as watch:
            try:
                with self._bar():
                    await each.run(self._items(source), await self._sender(connection, ends.log))
            except asyncio.CancelledError:
                if watch.gone:
                    raise BrokenPipeError from None
                return self._report(INTERRUPTED)
            except LeftError as left:
                return leave(options, left, self.out)
            except (UsageError, ConfigError):  # before anything was sent
                raise
            except ChatreplError as error:
                if self.tally.done:
                    error.hint = error.hint.replace(SAFE, "Nothing more is sent.")
                say_error(sys.stderr, error)
                return self._report(error.exit_code)
            finally:
                await connection.close()
        if not self.tally.done:
            raise UsageError("There are no items.", SAFE)
        ends.finish()
        return self._report(self._code())

    def _written(self, sink: Sink) -> Sink:
        """Give what writes a result, and counts it."""

        def written(item: Item, result: dict[str, Any]) -> None:
            if self.scores is not None:
                self.scores.count(item, result)
            sink(item, result)
            self.tally.count(item, result)

        return written

    def _code(self) -> int:
        if self.tally.failed:
            return SOME_FAILED
        least = self.least
        is_below = self.scores is not None and least is not None and self.scores.share < least
        return NOT_AS_EXPECTED if is_below else 0

    def _bar(self) -> AbstractContextManager[object]:
        """Draw how far it came, where that disturbs nothing."""
        err, settings = sys.stderr, self.session.settings
        on_screen = self.options.out_file is None and self.out.isatty()
        if err is None or self.options.quiet or settings.accessible or on_screen:
            return nullcontext()
        appearance = Appearance(os.environ, settings.color)
        if not is_terminal(err) or is_dumb(os.environ):
            return nullcontext()
        from chatrepl.terminal.views.bar import Bar

        bar = Bar(err, self.tally.total, color=wants_color(err, appearance))
        self.tally.changed = lambda tally: bar.show(tally.done, tally.now())
        return bar

    async def _items(self, source: ItemSource) -> AsyncGenerator[Item, None]:
        """Yield the items; the first of them is looked at before anything is sent."""
        async for item in source.items():
            if item.number == 0:
                self.questions.check(item)
            yield item

    async def _sender(self, connection: Connection, log: Done) -> Sender:
        connection.keep_account(self.session)
        self.tally.demo = self.session.is_demo
        if self.options.batch:
            return await batched(self.options, self.session, connection, log, self.tally)
        return self._live(connection)

    def _live(self, connection: Connection) -> Live:
        gate = Gate(Limiter(asked=min(self.options.jobs or 0, _WIDEST)), self._say)
        connection.listen(gate.hear)
        wanted = wanted_of(self.options, self.session)
        return Live(self.session, connection.once, gate, wanted, self.tally.pay, self._say)

    def _say(self, words: str) -> None:
        if not self.options.quiet:
            mutter(sys.stderr, f"chatrepl: {one_line(words, 400)}")

    def _report(self, code: int) -> int:
        """Say what became of it all; give the code."""
        for line in self.tally.failed_lines():
            mutter(sys.stderr, f"chatrepl: {one_line(line, 400)}")
        for line in self.tally.cut_lines():
            self._say(line)
        if self.scores is not None:
            for line in self.scores.lines():
                self._say(line)
        self._say(self.tally.line())
        return code


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
class _PipeWatch:
    """Whether who reads our output went away."""

    gone: bool = False


@contextmanager
def _reader_watched(out: TextIO) -> Iterator[_PipeWatch]:
    """Cancel the task at once where a pipe that we write to has lost its reader."""
    watch, task = _PipeWatch(), asyncio.current_task()
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
