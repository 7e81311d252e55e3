"""Foreign text made safe to show: `display`, `one_line`, `pipe`, and `Sanitizer` for streams."""

from chatrepl.terminal.sanitize.selftest import self_test
from chatrepl.terminal.sanitize.stream import Sanitizer
from chatrepl.terminal.sanitize.text import display, join_surrogates, one_line, pipe

__all__ = ["Sanitizer", "display", "join_surrogates", "one_line", "pipe", "self_test"]
