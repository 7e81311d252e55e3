"""A question asked on the terminal, with a letter for each answer; anything else is no.

A command or a sentence was meant for the prompt: it is no answer, and is handed back. So is what
was typed after the answer, and what was pasted: a paste answers nothing.
"""

import os
import select
import sys
from collections.abc import Callable, Iterable
from textwrap import wrap
from typing import Final

from rich.cells import cell_len

from chatrepl.terminal.keys.extended import NEW_LINE
from chatrepl.terminal.keys.typing import Pasted, Stroke
from chatrepl.terminal.modes import PASTE_OFF, PASTE_ON, Tty
from chatrepl.terminal.sanitize.text import display, one_line

_LOOK_UP_S: Final = 0.1  # a Ctrl-C that came just before the wait began is noticed this soon
_MOST_WORDS: Final = 3  # of an answer such as "no, thank you"
_LONGEST: Final = 400
_ANSWER: Final = 5  # cells for it
_LEAST_ROOM: Final = 20
_WORDS: Final = {"yes": "y", "no": "n", "all": "a", "always": "a", "view": "v"}
_ENTER: Final = frozenset({"\r", "\n"})
_LEAVE: Final = frozenset({"\x03", "\x04", "\x1b"})  # Ctrl-C, Ctrl-D, Esc
_ERASE: Final = {"\x7f": 1, "\x08": 1, "\x15": _LONGEST, "\x17": _LONGEST}


def ask_yes_no(tty: Tty, question: str, keep: Callable[[Iterable[Stroke]], None]) -> bool | None:
    """Ask for yes or no, which Enter means; None, as good as no, where the question was left."""
    return {"": None, "y": True}.get(ask_among(tty, question, "yN", keep), False)


def ask_among(
    tty: Tty, question: str, letters: str, keep: Callable[[Iterable[Stroke]], None]
) -> str:
    """Ask and wait for one of the answers, of which Enter gives the capital one; give its letter.

    What is no answer means `n`; nothing is given where Ctrl-C, Ctrl-D or Esc came. `keep` takes the
    keys that were no answer, for the next prompt.
    """
    line = _AnswerLine(tty)
    with tty.quiet():
        tty.write(PASTE_ON)
        try:
            _say(_in_rows(f"{one_line(question, _LONGEST)}{_named(question, letters)} ", tty))
            line.listen()
        except KeyboardInterrupt:
            line.is_left = True
        finally:
            _say("\n")
            tty.write(PASTE_OFF)
    if rest := line.not_answered():
        keep(rest)
    if line.is_left:
        return ""
    usual = next(letter for letter in letters if letter.isupper())
    word = line.text.strip().casefold() or usual.casefold()
    letter = _WORDS.get(word, word)
    return next((one for one in letters if one.casefold() == letter), "n")


def _named(question: str, letters: str) -> str:
    """Name the answers, unless the question does so: `[y]es [N]o`."""
    if all(f"[{letter}]" in question for letter in letters):
        return ""
    return f" [{'/'.join(letters)}]"


def _in_rows(question: str, tty: Tty) -> str:
    """Break a question between words where the window ends, with room for the answer."""
    try:
        columns = os.get_terminal_size(tty.screen).columns
    except OSError:
        return question
    room = max(_LEAST_ROOM, columns - _ANSWER)
    rows = wrap(question, room, break_long_words=False, break_on_hyphens=False)
    return "\n".join(rows) + " "


class _AnswerLine:
    """The line that is being typed, and what else came."""

    def __init__(self, tty: Tty) -> None:
        self.text = ""
        self.is_left = False
        self._tty = tty
        self._others: list[Stroke] = []

    def listen(self) -> None:
        """Take strokes until one ends the line, or the keyboard is gone; keep what follows."""
        while (strokes := self._next()) is not None:
            for number, stroke in enumerate(strokes):
                if isinstance(stroke, Pasted):
                    self._others.append(stroke)
                elif self._ends(stroke):
                    self._others += strokes[number + 1 :]
                    return
        self.is_left = True

    def not_answered(self) -> list[Stroke]:
        """Give what was meant for the prompt; a sentence is not sent by itself."""
        if self.is_left:
            return self._others
        if self.text.lstrip().startswith("/"):
            return [self.text, "\r", *self._others]
        if len(self.text.split()) > _MOST_WORDS:
            return [self.text, *([NEW_LINE] if self._others else []), *self._others]
        return self._others

    def _next(self) -> list[Stroke] | None:
        typing = self._tty.typing
        while not select.select([self._tty.keyboard], [], [], _LOOK_UP_S)[0]:
            if strokes := typing.silence():
                return strokes
        data = os.read(self._tty.keyboard, 65_536)
        return typing.feed(data) if data else None

    def _ends(self, stroke: str) -> bool:
        if stroke in _LEAVE:
            self.is_left = True
        elif stroke in _ERASE:
            gone = self.text[-_ERASE[stroke] :]
            self.text = self.text.removesuffix(gone)
            anew = f"\n{display(self.text)}"  # where nothing on a row is taken back
            _say("\b \b" * cell_len(display(gone)) if self._tty.knows_escapes else anew)
        elif stroke[0].isprintable():
            self.text += stroke
            _say(display(stroke))
        return stroke in _ENTER or stroke in _LEAVE


def _say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()
