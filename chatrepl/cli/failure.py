"""The result object for what failed outside of the answer: who asks for objects always gets one."""

from typing import TextIO

from chatrepl.core.errors import ChatreplError


def write_failure(out: TextIO, manner: str, error: ChatreplError, model: str = "") -> None:
    """Print the result object for an error; where the answer is text, print nothing."""
    if manner == "text":
        return
    from chatrepl.core.result import Result
    from chatrepl.terminal.views.structured import write_json

    kind = {"type": "result"} if manner == "jsonl" else {}
    write_json(out, {**kind, **Result(model=model, error=error).to_wire()})
