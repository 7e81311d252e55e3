"""What a finished reply comes to for a script: an error with its exit code, or one JSON object.

The object's keys are a contract with scripts.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from chatrepl.core.characters import is_unseen
from chatrepl.core.errors import ApiError, ChatreplError, ReplyError, StorageError
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.talk.conversation import Receipt, Turn
from chatrepl.core.talk.sources import Sources
from chatrepl.core.talk.usage import cost_of
from chatrepl.core.value import frozen
from chatrepl.core.words import refusal_words

if TYPE_CHECKING:  # a plain answer needs none
    from chatrepl.core.exchange.form import Form


@frozen
class Result:
    """What a single shot came to. `receipt` is None where the turn did not end."""

    text: str = ""
    parsed: Any = None
    model: str = ""
    receipt: Receipt | None = None
    reply: Reply = Reply()
    session_id: str | None = None
    error: ChatreplError | None = None

    def to_wire(self) -> dict[str, Any]:
        """Give the object that `-o json` prints."""
        reply = self.reply
        receipt = self.receipt or Receipt(model=self.model, request_id=reply.request_id)
        content = reply.came()
        prefill = receipt.prefill if self.receipt else reply.prefill
        cost, saved = cost_of(receipt), None
        if cost is not None and receipt.uncached_usd is not None:
            saved = round(cost.saved_usd, _USD_DIGITS)
        return {
            "schema": 1,
            "ok": self.error is None,
            "text": self.text,
            "parsed": self.parsed,
            "model": receipt.model or self.model,
            "stop_reason": receipt.stop_reason,
            "stop_details": dict(receipt.stop_details) if receipt.stop_details else None,
            "prefill": {"text": prefill.text, "mode": prefill.mode} if prefill else None,
            "usage": reply.usage_wire,
            "cost_usd": receipt.cost_usd,
            "cost_at_least": cost is not None and cost.at_least,
            "saved_usd": saved,
            "duration_ms": round(receipt.duration_s * 1000),
            "retries": reply.retries,
            "request_id": getattr(self.error, "request_id", None) or receipt.request_id,
            "session_id": self.session_id,
            "error": self._error(receipt),
            "message_id": reply.message_id,
            "stop_sequence": receipt.stop_sequence,
            "container": dict(reply.container) if reply.container else None,
            "content": [block.to_wire() for block in content],
            "sources": Sources.of(content).to_wire(),
        }

    def _error(self, receipt: Receipt) -> dict[str, Any] | None:
        if self.error is None:
            return None
        error = error_to_wire(self.error)
        if receipt.stop_reason == "refusal" and error["type"] == _TYPES[7]:
            error["type"] = "refusal"
        return error | {"request_id": error["request_id"] or receipt.request_id}


def error_to_wire(error: ChatreplError) -> dict[str, Any]:
    """Give an error as scripts see it."""
    api = error if isinstance(error, ApiError) else None
    return {
        "type": api.type if api else _type(error),
        "status": api.status if api else None,
        "message": error.message,
        "retryable": api.retryable if api else False,
        "request_id": api.request_id if api else None,
    }


def _type(error: ChatreplError) -> str:
    if error.exit_code == 1 and isinstance(error, StorageError | ReplyError):
        return "storage_error" if isinstance(error, StorageError) else "incomplete_error"
    return _TYPES.get(error.exit_code, "error")


@frozen
class Wanted:
    """What a reply is to be: of a form, or the first fenced block of a language in it.

    `check` tells how a value breaks the form; it gives None where it fits.
    """

    form: "Form | None" = None
    extract: str | None = None
    check: Callable[[Any], str | None] | None = None


_USD_DIGITS: Final = 9  # beyond them stands what a subtraction leaves of a float
_TYPES: Final = {
    2: "usage_error",
    3: "authentication_error",
    5: "too_large_error",
    6: "cut_error",
    7: "empty_error",
    8: "format_error",
    70: "bug",
    129: "terminated",
    130: "interrupted",
    131: "terminated",
    143: "terminated",
}


def judge(turn: Turn, text: str, *, whole: bool) -> ChatreplError | None:
    """Say what is wrong with a reply, if anything is; `whole` asks for a complete one."""
    receipt = turn.receipt
    reason = receipt.stop_reason if receipt is not None else None
    if receipt is not None and reason == "refusal":
        return ReplyError("The model refused to answer.", refusal_words(receipt), exit_code=7)
    if reason == "model_context_window_exceeded":
        return ReplyError("The reply was cut: the model's window is full.", exit_code=5)
    if is_unseen(text) and not (reason == "max_tokens" and whole):
        return _empty(turn, reason)
    if reason == "max_tokens" and whole:
        return ReplyError(
            "The reply was cut at its length limit, so it is not whole.",
            "-t allows more tokens.",
            exit_code=6,
        )
    if reason in {"tool_use", "pause_turn"}:
        what = "asked for a tool that is not run here" if reason == "tool_use" else "paused"
        return ReplyError(f"The reply is not complete: the model {what}.", exit_code=1)
    return None


def accept(turn: Turn, text: str, wanted: Wanted) -> tuple[str, Any]:
    """Give what is written of a reply, and its value where a form was asked for.

    Raises ReplyError for a reply that is not what was asked for.
    """
    form, language = wanted.form, wanted.extract
    problem = judge(turn, text, whole=form is not None or language is not None)
    if problem is not None:
        raise problem
    if form is None:
        return (text if language is None else _extracted(text, language)), None
    try:
        inner, value = form.read(text)
    except ValueError:
        named = "one of the choices" if form.choices else "valid JSON"
        raise ReplyError(f"The reply is not {named}.") from None
    violation = wanted.check(value) if wanted.check is not None else None
    if violation:
        raise ReplyError(violation)
    return inner, value


def _extracted(text: str, language: str) -> str:
    from chatrepl.core.code_blocks import extract  # seldom asked for

    return extract(text, language)


def _empty(turn: Turn, reason: str | None) -> ReplyError:
    """Say that there is no text, and why; else what there is in its place."""
    if reason == "max_tokens":
        message, hint = "The length limit came before the answer.", "-t allows more tokens."
        return ReplyError(message, hint, exit_code=7)
    match reason:
        case None | "end_turn" | "stop_sequence":
            from chatrepl.core.talk.excerpts import answered

            came = answered(turn)
            why = f"; what came is no text: {came}" if came else ""
        case "tool_use":
            why = ": the model asked for a tool that is not run here"
        case "pause_turn":
            why = ": the service paused again and again"
        case _:
            why = f": the service ended it with {reason}"
    return ReplyError(f"The answer is empty{why}.", "Ask again, or in other words.", exit_code=7)
