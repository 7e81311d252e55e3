"""The piped query: one message, one turn, an exit code. stdout is the answer and nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TextIO

from chatrepl.core.conversation import Message, Turn
from chatrepl.core.errors import ChatreplError, ReplyError
from chatrepl.core.events import Reply, StreamEvent
from chatrepl.core.result import Result
from chatrepl.core.summary import meta_line, next_step
from chatrepl.core.verdict import extract, judge
from chatrepl.session import Session
from chatrepl.terminal.sanitize import one_line, pipe
from chatrepl.terminal.views.status import NotedView
from chatrepl.terminal.views.structured import LinesView, SilentView, write_json
from chatrepl.turn import Stream, View, run_turn, text_of


class Check(Protocol):
    """Tells how a reply breaks the form that was asked for; None where it fits."""

    def __call__(self, value: Any) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How the answer is written. `rendered` makes the view of a terminal; None is a pipe."""

    output: str = "text"
    raw: bool = False
    extract: str | None = None
    quiet: bool = False
    verbose: bool = False
    live_status: bool = False
    rendered: Callable[[], View] | None = None
    check: Check | None = None


@dataclass(slots=True)
class Shot:
    """One single shot: where it speaks, and what has come of it so far."""

    session: Session
    manner: Manner
    out: TextIO
    err: TextIO | None
    reply: Reply = Reply()
    turn: Turn | None = None

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Remember how far the reply came."""
        del event
        self.reply = reply

    def answer(self, message: Message, stream: Stream) -> int:
        """Ask, write the answer, and give the exit code. Raises what goes wrong on the way."""
        try:
            self.turn = asyncio.run(run_turn(self.session, message, stream, self._view()))
        except ChatreplError as error:
            return self.fail(error)
        try:
            text, parsed = self._accept(self.turn)
        except ChatreplError as error:
            return self.fail(error)
        self._write(text, parsed)
        self._remark(self.turn)
        return 0

    def fail(self, error: ChatreplError) -> int:
        """Report an error where the caller looks for it; give its exit code."""
        if self.manner.output != "text":
            self._write_result(self._partial_text(), None, error)
        elif self._held() and self._partial_text() and error.exit_code != 8:
            self._write_text(self._partial_text())
        say_error(self.err, error)
        return error.exit_code

    def _accept(self, turn: Turn) -> tuple[str, Any]:
        """Give the text to be printed and its parsed form. Raises ReplyError."""
        text = text_of(turn)
        form = self.session.form
        whole = form is not None or self.manner.extract is not None
        problem = judge(turn, text, whole=whole)
        if problem is not None:
            raise problem
        if self.manner.extract is not None:
            return extract(text, self.manner.extract), None
        if form is None:
            return text, None
        value = form.read(text)
        violation = self.manner.check(value) if self.manner.check and value is not None else None
        if value is None or violation:
            self._write_held(text)
            wanted = "one of the choices" if form.choices else "valid JSON"
            raise ReplyError(f"The reply is not {wanted}." if value is None else str(violation))
        return (str(value) if form.choices else text), value

    def _view(self) -> View:
        return _Both(self._inner_view(), self)

    def _inner_view(self) -> View:
        if self.manner.output == "jsonl":
            return LinesView(lambda value: write_json(self.out, value))
        err = None if self.manner.quiet else self.err
        if self._held():
            return NotedView(SilentView(), err, live=self.manner.live_status)
        if self.manner.rendered is not None:
            return self.manner.rendered()
        from chatrepl.terminal.views.plain import PlainView

        plain = PlainView(self.out, raw=self.manner.raw)
        return NotedView(plain, err, live=self.manner.live_status)

    def _held(self) -> bool:
        """Tell whether the text is judged before anything of it is written."""
        return (
            self.manner.output == "json"
            or self.manner.extract is not None
            or self.session.form is not None
        )

    def _write(self, text: str, parsed: Any) -> None:
        if self.manner.output != "text":
            self._write_result(text, parsed, None)
        elif self._held():
            self._write_text(text)

    def _write_held(self, text: str) -> None:
        if self.manner.output == "text" and self.err is not None:
            self.err.write(pipe(text.rstrip("\n")) + "\n")

    def _write_text(self, text: str) -> None:
        shown = text if self.manner.raw else pipe(text)
        self.out.write(shown if shown.endswith("\n") else f"{shown}\n")
        self.out.flush()

    def _write_result(self, text: str, parsed: Any, error: ChatreplError | None) -> None:
        receipt = self.turn.receipt if self.turn is not None else None
        recorder = self.session.recorder
        result = Result(
            text,
            parsed,
            self.session.settings.model,
            receipt,
            self.reply.usage_known,
            self.reply.retries,
            recorder.id or None,
            error,
        ).to_wire()
        if receipt is None:
            result |= _unfinished(self.reply)
        if self.manner.output == "jsonl":
            result = {"type": "result", **result}
        write_json(self.out, result)

    def _partial_text(self) -> str:
        return text_of(self.turn) if self.turn is not None else self.reply.text

    def _remark(self, turn: Turn) -> None:
        """Say on stderr what the reader of the answer should know."""
        if self.manner.quiet or self.err is None or turn.receipt is None:
            return
        reason = turn.receipt.stop_reason
        if reason == "max_tokens":
            self.err.write("chatrepl: the reply reached its length limit; -t allows more.\n")
        elif step := next_step(turn.receipt):
            self.err.write(f"chatrepl: {one_line(step)}\n")
        if self.manner.verbose:
            self.err.write(f"chatrepl: {one_line(meta_line(turn.receipt))}\n")


@dataclass(slots=True)
class _Both:
    """A view that also lets the shot know how far the reply came."""

    view: View
    shot: Shot

    def __enter__(self) -> object:
        return self.view.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.view.__exit__(kind, error, tb)

    def show(self, event: StreamEvent, reply: Reply) -> None:
        self.shot.show(event, reply)
        self.view.show(event, reply)


def say_error(err: TextIO | None, error: ChatreplError) -> None:
    """Write an error to stderr: what happened, then what is safe or what to do."""
    if err is None:
        return
    lines = [f"chatrepl: {one_line(error.message, 400)}"]
    lines += [f"  {one_line(line, 400)}" for line in error.hint.splitlines()[:2]]
    err.write("\n".join(lines) + "\n")
    err.flush()


def _unfinished(reply: Reply) -> Mapping[str, Any]:
    """Give the parts of a result that an unfinished reply can fill."""
    prefill = reply.prefill
    return {
        "usage": reply.total_usage.to_wire(),
        "request_id": reply.request_id,
        "prefill": {"text": prefill.text, "mode": prefill.mode} if prefill else None,
    }
