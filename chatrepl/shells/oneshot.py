"""The piped query: one message, one turn, an exit code. stdout is the answer and nothing else."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from chatrepl.core.errors import (
    AGAIN,
    CHANGE,
    INTERRUPTED,
    SIGNALLED,
    TOO_LONG,
    ApiError,
    ApiErrorKind,
    ChatreplError,
    ReplyError,
    StorageError,
)
from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.result import Result, Wanted, accept
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.markdown import to_markdown
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.traces import trace
from chatrepl.core.value import frozen
from chatrepl.core.words import for_a_shell, meta_line, next_step
from chatrepl.core.world import Display
from chatrepl.session.foreword import foreword
from chatrepl.session.session import Session
from chatrepl.shells.mutter import mutter, say_error
from chatrepl.terminal.sanitize.text import display, one_line, pipe
from chatrepl.terminal.views.plain import NotedView, PlainView
from chatrepl.turn import Overheard, Stream, run_turn

if TYPE_CHECKING:
    from chatrepl.aside import Counting
    from chatrepl.core.talk.workshop import MadeFile
    from chatrepl.shells.sinks import RowWriter

_ENDING: Final = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM)
_PLAIN: Final = frozenset({"text", "thinking"})
STOPPED: Final = {INTERRUPTED: "Interrupted.", **{SIGNALLED + n: "Terminated." for n in _ENDING}}


@frozen
class Manner:
    """How the answer is written. `screen` tells that it is written to a terminal.

    `rendered` makes the view of a terminal; None is a pipe. `check` tells how a reply breaks the
    form that was asked for; it gives None where it fits. `rows` writes rows as they come. What is
    asked `beside` the conversation is not added to it.
    """

    output: str = "text"
    raw: bool = False
    screen: bool = False
    extract: str | None = None
    quiet: bool = False
    verbose: bool = False
    live_status: bool = False
    rendered: Callable[[], Display] | None = None
    check: Callable[[Any], str | None] | None = None
    rows: "RowWriter | None" = None
    beside: bool = False


@dataclass(slots=True)
class Shot:
    """One single shot: where it speaks, and what has come of it so far."""

    session: Session
    manner: Manner
    out: TextIO
    err: TextIO | None
    reply: Reply = Reply()
    turn: Turn | None = None
    begun_at: float = 0.0
    head: TurnId | None = None
    count: "Counting | None" = None
    about: "Callable[[Sequence[str]], Awaitable[Sequence[MadeFile | ChatreplError]]] | None" = None

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Remember how far the reply came."""
        del event
        self.reply = reply

    async def answer(self, message: Message, stream: Stream) -> int:
        """Ask, write the answer, and give the exit code. Raises what is no fault of the service."""
        self.begun_at = self.session.edges.clock()
        self.head = self.session.conversation.head
        for line in (*foreword(self.session), *await self._cold(message)):
            mutter(
                None if self.manner.quiet else self.err, f"chatrepl: {one_line(for_a_shell(line))}"
            )
        try:
            self.turn = await self._ask(message, stream)
            text, parsed = self._accept(self.turn)
        except ChatreplError as error:
            return self.fail(error)
        except asyncio.CancelledError:
            return self.fail(ChatreplError(STOPPED[INTERRUPTED], exit_code=INTERRUPTED))
        except OSError:  # about the stream that is written to
            raise
        except Exception as bug:  # noqa: BLE001 - what came is not lost for it
            return self.fail(self._kept(bug))
        self._write(text, parsed)
        self._remark(self.turn)
        await self._name_files(self.turn)
        return 0  # what cannot be saved is said, and told by the code, when it is put away

    async def _cold(self, message: Message) -> tuple[str, ...]:
        """Say what a conversation that is gone on with costs anew, where that is much.

        What only a model with another tokenizer has counted, the service counts first.
        """
        session = self.session
        if session.conversation.head is None or self.manner.quiet:
            return ()
        from chatrepl.session.cold import cold_line, counted_elsewhere  # seldom needed

        line = cold_line(session)
        if line and self.count is not None and counted_elsewhere(session):
            request = session.request(message)
            with suppress(ApiError):
                session.ledger.counted(request, session.model, await self.count(request))
                line = cold_line(session)
        return (line,) if line else ()

    async def _ask(self, message: Message, stream: Stream) -> Turn:
        """Run the turn; a signal to end ends it as Ctrl-C does, with what came written out."""
        with Terminable() as terminable:
            try:
                return await self._turn(message, stream)
            except asyncio.CancelledError:
                if code := terminable.code:
                    raise ChatreplError(STOPPED[code], exit_code=code) from None
                raise

    async def _turn(self, message: Message, stream: Stream) -> Turn:
        if not self.manner.beside:
            return await run_turn(self.session, message, stream, self._view())
        from chatrepl.aside import ask_beside  # seldom asked for
        from chatrepl.session.beside import plans_beside

        plans = plans_beside(self.session, message)
        return await ask_beside(self.session, plans, stream, self._view())

    def fail(self, error: ChatreplError) -> int:
        """Report an error where the caller looks for it; give its exit code."""
        is_kept = self.session.conversation.head != self.head  # a bug may have come before
        if self.turn is None and self.reply.has_content and is_kept:
            self.turn = self.session.conversation.path()[-1]
        if self.manner.output != "text":
            self._write_result(self._text(), None, error)
        elif (
            self._held() and self.manner.rows is None
        ):  # what does not have the form asked for is nothing for stdout
            mutter(self.err, display(self._text().rstrip("\n")), exactly=True)
        if isinstance(error, ApiError):
            _word_for_a_pipe(error)
        if error.exit_code not in STOPPED:
            say_error(self.err, error)
        return error.exit_code

    def _kept(self, bug: Exception) -> ChatreplError:
        from chatrepl.shells.bugs import bugs_here  # seldom wanted

        return bugs_here().failure(bug, keeps=self.session.settings.save)

    def _accept(self, turn: Turn) -> tuple[str, Any]:
        """Give the text to be printed and its parsed form. Raises ReplyError."""
        wanted = Wanted(self.session.next.form, self.manner.extract, self.manner.check)
        text, parsed = accept(turn, self._text(), wanted)
        if self.manner.rows is not None and self.manner.rows.objects:
            from chatrepl.core.rows import rows_in  # seldom asked for

            if not rows_in(parsed):  # and no header tells so
                raise ReplyError("The answer holds no rows.", exit_code=7)
        return text, parsed

    def _view(self) -> Display:
        return Overheard(self._inner_view(), self.show)

    def _inner_view(self) -> Display:
        err = None if self.manner.quiet else self.err
        if self.manner.output == "jsonl":
            from chatrepl.terminal.views.json_lines import LinesView, write_json  # unlike text

            asked, kept = self.session.settings.model, self.session.recorder.id
            lines = LinesView(lambda value: write_json(self.out, value), asked, kept)
            return NotedView(lines, err, live=self.manner.live_status and not self.manner.screen)
        if self.manner.rows is not None:
            from chatrepl.shells.sinks import RowsView  # seldom asked for

            return NotedView(RowsView(self.manner.rows), err, live=self.manner.live_status)
        if self._held():
            from chatrepl.terminal.views.json_lines import SilentView

            return NotedView(SilentView(), err, live=self.manner.live_status)
        if self.manner.rendered is not None:
            return self.manner.rendered()
        manner, cite = self.manner, self.session.settings.cite
        plain = PlainView(self.out, raw=manner.raw, screen=manner.screen, cite=cite)
        return NotedView(plain, err, live=self.manner.live_status)

    def _held(self) -> bool:
        """Tell whether the text is judged before anything of it is written."""
        return (
            self.manner.output == "json"
            or self.manner.extract is not None
            or self.session.next.form is not None
        )

    def _write(self, text: str, parsed: Any) -> None:
        if self.manner.output != "text":
            self._write_result(text, parsed, self._unsaved())
        elif self.manner.rows is not None:
            self.manner.rows.begin()  # where there are none, the header tells so
        elif self._held():
            safe = self._safe(text)
            self.out.write(safe if safe.endswith("\n") else f"{safe}\n")
            self.out.flush()

    def _unsaved(self) -> StorageError | None:
        recorder = self.session.recorder
        if recorder.flush():
            return None
        return StorageError(f"The conversation is not saved: {recorder.unsaved}.")

    def _safe(self, text: str) -> str:
        if self.manner.screen:
            return display(text)
        return text if self.manner.raw else pipe(text)

    def _write_result(self, text: str, parsed: Any, error: ChatreplError | None) -> None:
        receipt = self.turn.receipt if self.turn is not None else None
        result = Result(
            text,
            parsed,
            self.session.settings.model,
            receipt,
            self.reply,
            self.session.recorder.id or None,
            error,
        ).to_wire()
        if receipt is None:  # what no turn came of may have cost something
            seconds = max(0.0, self.session.edges.clock() - self.begun_at)
            meter = self.session.books.meter
            result["duration_ms"] = round(seconds * 1000)
            result["cost_usd"] = meter.known_usd if meter.replies else None
            result["cost_at_least"] = meter.cost.at_least
        if self.manner.output == "jsonl":
            result = {"type": "result", **result}
        from chatrepl.terminal.views.json_lines import write_json  # unlike text

        write_json(self.out, result)

    def _text(self) -> str:
        """Give the text as far as it came, without marks: it is to be read by programs."""
        turn, rest = self.turn, self.manner.extract is None and self.session.next.form is None
        if turn is None or (turn.rounds > 1 and rest):
            return to_markdown(self.reply.content(), cite=False)
        written = turn.assistant
        return to_markdown(written.content if written is not None else (), cite=False)

    def _remark(self, turn: Turn) -> None:
        """Say on stderr what the reader of the answer should know."""
        if self.manner.quiet or turn.receipt is None:
            return
        for block in turn.assistant.content if turn.assistant is not None else ():
            if block.type == "fallback":  # who answered is another one than was asked
                mutter(self.err, f"chatrepl: {one_line(' '.join(trace(block)))}")
        reason = turn.receipt.stop_reason
        if reason == "max_tokens":
            mutter(self.err, "chatrepl: the reply reached its length limit; -t allows more.")
        elif step := next_step(turn.receipt):
            mutter(self.err, f"chatrepl: {one_line(for_a_shell(step))}")
        if self.manner.verbose:
            mutter(
                self.err,
                f"chatrepl: {one_line(meta_line(turn.receipt, demo=self.session.is_demo))}",
            )

    async def _name_files(self, turn: Turn) -> None:
        """Name on stderr the files that code made."""
        blocks = turn.assistant.content if turn.assistant is not None else ()
        if self.manner.quiet or self.about is None or all(b.type in _PLAIN for b in blocks):
            return
        from chatrepl.core.talk.workshop import MadeFile, files_made  # seldom needed

        if ids := files_made(blocks):
            for id_, entry in zip(ids, await self.about(ids), strict=True):
                line = f"{entry.line} · {id_}" if isinstance(entry, MadeFile) else id_
                mutter(self.err, f"chatrepl: file made: {one_line(line)}")


class Terminable:
    """Lets signals to end cancel the task that enters it; `code` is that of the one that did."""

    def __init__(self) -> None:
        self.code = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def end(number: signal.Signals) -> None:
            self.code = SIGNALLED + number
            if task is not None:
                task.cancel()

        for number in _ENDING:
            before = signal.getsignal(number)
            if before is signal.SIG_IGN:
                continue
            with suppress(NotImplementedError, ValueError, RuntimeError):  # no signals here
                loop.add_signal_handler(number, end, number)
                self._before[number] = before
        return self

    def __exit__(self, *_error: object) -> None:
        for number, before in self._before.items():
            with suppress(NotImplementedError, ValueError, RuntimeError):
                asyncio.get_running_loop().remove_signal_handler(number)
                signal.signal(number, before)


def _word_for_a_pipe(error: ApiError) -> None:
    """Name a step that can be taken where there is no chat."""
    error.message = error.message.replace(TOO_LONG, "The input is longer than the model's window")
    match error:
        case ApiError(kind=ApiErrorKind.TOO_LARGE, status=413):
            error.hint = "Attach less; --dry-run tells its size."
        case ApiError(kind=ApiErrorKind.TOO_LARGE):
            error.hint = "Send less, or -m another model; --dry-run tells the size."
        case ApiError(hint=hint) if hint == CHANGE:
            error.hint = "--dry-run shows the request."
        case ApiError(hint=hint, tries=tries) if hint == AGAIN and tries > 1:
            error.hint = f"Gave up after {tries} tries."
        case _:
            pass
