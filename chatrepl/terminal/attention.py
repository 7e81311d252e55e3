"""What a window that nobody looks at is told: that a reply comes, and that it is there.

Only where the setting `notify` asks for it, and only while a reply comes, the terminal is asked
whether its window has the focus. What is told are words of ours; no text from outside is among
them but a model's name and a title, which are made safe.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from chatrepl.core.talk.conversation import Receipt
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.sanitize.text import one_line

_OUTPUT_BEGINS: Final = "\x1b]133;C\x1b\\"
_FOCUS_ON, _FOCUS_OFF = "\x1b[?1004h", "\x1b[?1004l"
_FOCUS: Final = {b"\x1b[I": True, b"\x1b[O": False}
_BUSY, _IDLE = "\x1b]9;4;3\x1b\\", "\x1b]9;4;0\x1b\\"
_PUSH_TITLE = "\x1b[22;2t"
OLD_TITLE: Final = "\x1b[23;2t"
_LONG_S: Final = 10.0
_LONGEST_TITLE: Final = 60


@dataclass(slots=True)
class Attention:
    """What one terminal is told beside what is shown on it."""

    tty: Tty
    environ: Mapping[str, str]
    focused: bool | None = None  # None: the terminal has not said
    _busy: bool = False

    @contextmanager
    def output(self, code: Callable[[], int]) -> Iterator[None]:
        """Mark for the terminal where output begins and ends, and how: by the `code` of then.

        The console of Linux would show the marks.
        """
        mark = self.tty.write if self.environ.get("TERM") != "linux" else len
        mark(_OUTPUT_BEGINS)
        try:
            yield
        finally:
            mark(f"\x1b]133;D;{code()}\x1b\\")

    @contextmanager
    def watching(self, *, notify: bool) -> Iterator[None]:
        """Learn where the user looks, while a reply comes."""
        if not notify:
            yield
            return
        self._busy = True
        self.tty.borrow(_FOCUS_ON, _FOCUS_OFF)
        try:
            self._show_progress()
            yield
        finally:
            self._busy = False
            self._show_progress()
            self.tty.give_back(_FOCUS_OFF)

    def hear(self, data: bytes) -> None:
        """Look for what the terminal says about the focus among bytes of the keyboard."""
        at = {data.rfind(report): state for report, state in _FOCUS.items() if report in data}
        if at:
            self.focused = at[max(at)]
            self._show_progress()

    def call(self, receipt: Receipt) -> None:
        """Call a user who looks elsewhere to a reply that ended; after a while, one who may."""
        words = f"{receipt.model} {'has answered' if receipt.stop_reason else 'was cut'}"
        if self.focused is False:
            self.tty.write(self._through(self._notification(one_line(words, 100))) + "\a")
        elif self.focused is None and receipt.duration_s >= _LONG_S:
            self.tty.write("\a")

    def call_to_question(self) -> None:
        """Call a user who looks elsewhere to a question that waits."""
        if self.focused is False:
            self.tty.write(self._through(self._notification("a question waits")) + "\a")
        elif self.focused is None:
            self.tty.write("\a")

    def name_window(self, text: str) -> None:
        """Give the window a title; `tty.restore` gives the old one back."""
        title = one_line(" ".join(text.split()), _LONGEST_TITLE)
        self.tty.borrow(f"{_PUSH_TITLE}\x1b]2;{title}\x1b\\", OLD_TITLE)

    def _show_progress(self) -> None:
        if self._busy and self.focused is False:
            self.tty.borrow(self._through(_BUSY), self._through(_IDLE))
        else:
            self.tty.give_back(self._through(_IDLE))

    def _notification(self, words: str) -> str:
        if (
            self.environ.get("TERM", "").startswith(("foot", "rxvt"))
            or "VTE_VERSION" in self.environ
        ):
            return f"\x1b]777;notify;chatrepl;{words.replace(';', ',')}\x1b\\"
        return f"\x1b]9;chatrepl: {words}\x1b\\"

    def _through(self, sequence: str) -> str:
        """Let tmux, which knows nothing of it, pass a sequence on."""
        if "TMUX" not in self.environ:
            return sequence
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
