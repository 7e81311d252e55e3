"""Words on stderr, for who runs us in a shell or a pipe."""

import os
from contextlib import suppress
from typing import Final, TextIO

from chatrepl.core.errors import ChatreplError
from chatrepl.core.words import for_a_shell
from chatrepl.terminal.sanitize.text import one_line

_LEAST_COLUMNS: Final = 20


def mutter(err: TextIO | None, text: str, *, exactly: bool = False) -> None:
    """Write a line to stderr, if there is one to take it; an empty text is nothing.

    What is meant `exactly` has no rows but its own.
    """
    if err is None or not text:
        return
    with suppress(OSError, ValueError):
        err.write(f"{text if exactly else fitted(err, text)}\n")
        err.flush()


def fitted(out: TextIO, text: str, indent: str = "  ") -> str:
    """Begin a new row between words where a terminal would tear one; a pipe gets lines whole."""
    if not out.isatty():
        return text
    try:
        columns = os.get_terminal_size(out.fileno()).columns
    except OSError:
        return text
    lines = text.split("\n")
    if columns < _LEAST_COLUMNS or all(len(line) <= columns for line in lines):
        return text
    from textwrap import TextWrapper  # seldom needed

    wrapper = TextWrapper(
        columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrapper.fill(line) for line in lines)


def say_error(err: TextIO | None, error: ChatreplError) -> None:
    """Write an error to stderr: what happened, then what is safe or what to do."""
    lines = [f"chatrepl: {one_line(error.message, 400)}"]
    hints = filter(None, map(for_a_shell, error.hint.splitlines()[:2]))
    lines += [f"  {one_line(hint, 400)}" for hint in hints]
    mutter(err, "\n".join(lines))
