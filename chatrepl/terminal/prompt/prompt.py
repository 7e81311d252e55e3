"""One prompt for the whole session: what the shell calls.

A `Tty` brings back the modes of the start for the editor and for a suspension.
The shell gives options and functions (`Feeds`); it gets `Submitted`, `Interrupted` or `Closed`.
What needs prompt_toolkit is built in `line_editor.py`.
"""

import os
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.line_editor import PromptSession
from chatrepl.terminal.prompt.values import (
    Closed,
    Feeds,
    Interrupted,
    PromptEntry,
    PromptOptions,
    Submitted,
)

if TYPE_CHECKING:
    from prompt_toolkit.input import Input

PromptResult: TypeAlias = str | Interrupted | Closed


class Prompt:
    """A line editor on the keyboard, with history, completion and a toolbar."""

    def __init__(
        self,
        options: PromptOptions,
        feeds: Feeds | None = None,
        *,
        tty: Tty | None = None,
        environ: Mapping[str, str] | None = None,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
    ) -> None:
        self._options = options
        self._session = PromptSession(
            options,
            feeds or Feeds(),
            os.environ if environ is None else environ,
            (stdin, stdout),
            tty or Tty(),
        )

    @property
    def options(self) -> PromptOptions:
        """The options in force."""
        return self._options

    @property
    def input(self) -> "Input":
        """The keyboard, for keeping what is typed while no prompt is shown."""
        return self._session.input

    @property
    def fault(self) -> str:
        """Why the history is not stored; empty when it is."""
        return self._session.history.fault

    def change(self, options: PromptOptions) -> None:
        """Look and behave otherwise from the next line on; the history stays where it is."""
        self._options = options
        self._session.apply(options)

    def type_ahead(self, data: bytes) -> None:
        """Give the next prompt keys that were read elsewhere."""
        self._session.type_ahead(data)

    @property
    def command_waits(self) -> bool:
        """Whether what was typed ahead begins with a command that was submitted."""
        return self._session.command_waits

    def remember(self, text: str) -> None:
        """Add a text to the history, for texts that were not typed at the prompt."""
        self._session.history.append_string(text)

    def read(
        self, run: Callable[[Coroutine[Any, Any, PromptResult]], PromptResult], default: str = ""
    ) -> PromptEntry:
        """Let the user edit a line that begins as `default`, until it is submitted or left.

        `run` is `asyncio.run`, or that of an event loop on which other things go on meanwhile.
        """
        try:
            result = run(self._session.prompt(default))
        except EOFError:
            self._session.keep_draft()
            return Closed()
        except (SystemExit, OSError):  # we must leave, or the terminal has gone
            self._session.keep_draft()
            raise
        except KeyboardInterrupt:  # it came before the keys were ours: as one Ctrl-C
            self._session.offer_to_leave()
            return self.read(run, default)
        return Submitted(whole_characters(result)) if isinstance(result, str) else result


def whole_characters(text: str) -> str:
    """Replace what is half a character, so that the text can be stored and sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
