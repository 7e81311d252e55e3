"""What a finished reply comes to for a script: fine, or an error with its exit code."""

import re
from typing import Final

from chatrepl.core.conversation import Turn
from chatrepl.core.errors import ChatreplError, ReplyError

_FENCE: Final = (
    r"(?ms)^(?P<indent> {0,3})(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^\n`]*)\n"
    r"(?P<body>.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t\r]*$|\Z)"
)


def judge(turn: Turn, text: str, *, whole: bool) -> ChatreplError | None:
    """Say what is wrong with a reply, if anything is; `whole` asks for a complete one."""
    receipt = turn.receipt
    reason = receipt.stop_reason if receipt is not None else None
    details = receipt.stop_details if receipt is not None else None
    if reason == "refusal":
        why = str((details or {}).get("explanation") or (details or {}).get("category") or "")
        return ReplyError("The model refused to answer.", why, exit_code=7)
    if not text.strip() and not (reason == "max_tokens" and whole):
        return _empty(reason)
    if reason == "model_context_window_exceeded":
        return ReplyError("The reply was cut: the model's window is full.", exit_code=5)
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


def _empty(reason: str | None) -> ReplyError:
    message, hint = "The answer is empty.", "Ask again, or in other words."
    if reason == "max_tokens":
        message, hint = "The length limit came before the answer.", "-t allows more tokens."
    elif reason == "tool_use":
        message = "The answer is empty: the model asked for a tool that is not run here."
    return ReplyError(message, hint, exit_code=7)


def extract(text: str, language: str) -> str:
    """Give the first fenced block of `language`, or of any; without one, raise ReplyError."""
    for match in re.finditer(_FENCE, text):
        named = match["info"].split(maxsplit=1)[0] if match["info"].split() else ""
        if not language or named.casefold() == language.casefold():
            body = _dedent(match["body"], len(match["indent"]))
            if not body.strip():
                raise ReplyError("The code block is empty.")
            return body
    what = f"code block of {language}" if language else "code block"
    raise ReplyError(f"The answer holds no {what}.")


def code_blocks(text: str) -> tuple[str, ...]:
    """Give what stands in all fenced blocks, in their order."""
    return tuple(
        _dedent(match["body"], len(match["indent"])) for match in re.finditer(_FENCE, text)
    )


def _dedent(body: str, width: int) -> str:
    if not width:
        return body
    return re.sub(rf"^ {{1,{width}}}", "", body, flags=re.MULTILINE)
