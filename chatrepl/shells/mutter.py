"""Words on stderr, for who runs us in a shell or a pipe."""

from contextlib import suppress
from typing import TextIO

from chatrepl.core.errors import ChatreplError
from chatrepl.core.words import for_a_shell
from chatrepl.terminal.sanitize.text import one_line


def mutter(err: TextIO | None, text: str) -> None:
    """Write a line to stderr, if there is one to take it; an empty text is nothing."""
    if err is None or not text:
        return
    with suppress(OSError, ValueError):
        err.write(f"{text}\n")
        err.flush()


def say_error(err: TextIO | None, error: ChatreplError) -> None:
    """Write an error to stderr: what happened, then what is safe or what to do."""
    lines = [f"chatrepl: {one_line(error.message, 400)}"]
    hints = filter(None, map(for_a_shell, error.hint.splitlines()[:2]))
    lines += [f"  {one_line(hint, 400)}" for hint in hints]
    mutter(err, "\n".join(lines))
