"""A check at start-up that the rule is in force, whatever Python and Unicode version runs it."""

from chatrepl.terminal.sanitize.stream import Sanitizer
from chatrepl.terminal.sanitize.text import display

_SAMPLES = {
    "a\x1b]0;x\x07\x9b2J": "a^[]0;x^G<U+009B>2J",
    "in\u202egnp.exe": "in<U+202E>gnp.exe",
    "\ud800\U000e0041\U000e0042": "\ufffd<U+E0041><U+E0042>",
    "❤\ufe0f\r\n": "❤\ufe0f\n",
}


def self_test() -> None:
    """Raise `RuntimeError` unless known hostile samples come out harmless, whole and in pieces."""
    for hostile, harmless in _SAMPLES.items():
        sanitizer = Sanitizer()
        pieces = "".join(map(sanitizer.feed, hostile)) + sanitizer.flush()
        if not display(hostile) == pieces == harmless:
            raise RuntimeError("text from outside cannot be shown safely here")
