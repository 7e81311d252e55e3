"""Text of unknown origin to text that is inert on every terminal.

The rule is by code point and never by escape sequence, so there is no state that a border between
two pieces could split: a control that is shown as `^[` cannot start anything.

    kept        TAB, LF, everything printable; CR LF becomes LF, U+2028 and U+2029 become LF
    caret       the other C0 controls and DEL: ^[
    named       C1, bidirectional controls, invisible characters: <U+202E>; tags are spelt out
    replaced    lone surrogates and noncharacters: U+FFFD, so that encoding never fails
    in context  ZWJ, ZWNJ, variation selectors and flag tags stay where spelling needs them
    capped      more than eight combining marks on one base

The same rule for text that arrives in pieces: all that comes out is `display` of the whole.

Only what the next piece may still change is held back: a run of invisible characters, a CR, half of
a surrogate pair, marks beyond those that are shown. Letters are never delayed.

A check at start-up that the rule is in force, whatever Python and Unicode version runs it.
"""

import re
from functools import cache
from itertools import groupby

from chatrepl.core.characters import (
    MARKS,
    UNSAFE,
    belongs,
    char_class,
    end_without,
    one_of,
    plain,
    unseen,
)

MOST_MARKS = 8

_UNSEEN = f"{UNSAFE} 2028-2029"
_RUN_SHOWN_WHOLE = 3
_GROUPS_SHOWN = 40
_TAGS_SHOWN = 60


def display(text: str) -> str:
    """Make foreign text of many lines safe to show. Idempotent."""
    if plain().fullmatch(text):
        return text
    if one_of(_UNSEEN).search(text):
        text = unseen().sub(_shown, join_surrogates(text))
    return _stacked_marks().sub(_capped, text)


def one_line(text: str, limit: int = 200) -> str:
    """Make a foreign name, title or error line safe to show: one line, at most `limit` long."""
    safe = display(text[: 2 * limit]).replace("\n", "^J").replace("\t", " ")
    if len(safe) <= limit and len(text) <= 2 * limit:
        return safe
    return safe[: end_without(UNSAFE, safe, limit - 1)] + "…"


def pipe(text: str) -> str:
    """Make the controls in text for a pipe visible, and leave every other character alone.

    CR LF and what is invisible but printable stay: programs read pipes.
    """
    if text.isascii() and plain().fullmatch(text):
        return text
    return _controls().sub(_shown_in_pipe, join_surrogates(text))


def join_surrogates(text: str) -> str:
    """Join the halves of characters that arrived as two surrogates."""
    return _surrogate_pairs().sub(_joined, text)


@cache
def _stacked_marks() -> re.Pattern[str]:
    return re.compile(f"[{char_class(MARKS)}]{{{MOST_MARKS + 1},}}")


@cache
def _controls() -> re.Pattern[str]:
    return re.compile("\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@cache
def _surrogate_pairs() -> re.Pattern[str]:
    return re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _joined(match: re.Match[str]) -> str:
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _shown_in_pipe(match: re.Match[str]) -> str:
    return match[0] if match[0] == "\r\n" else _named(match[0])


def _capped(match: re.Match[str]) -> str:
    marks = match[0]
    return f"{marks[:MOST_MARKS]}<+{len(marks) - MOST_MARKS} marks>"


def _shown(match: re.Match[str]) -> str:
    run, text = match[0], match.string
    if match["flag"]:
        return run
    if match["line"]:
        return "\n"
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    if belongs(run, before, after):
        return run
    if len(run) > 1 and all("\U000e0020" <= char <= "\U000e007e" for char in run):
        return _spelt(run)
    return _labels(run)


def _spelt(tags: str) -> str:
    words = "".join(chr(ord(tag) - 0xE0000) for tag in tags[:_TAGS_SHOWN])
    return f'<hidden:"{words}"{"..." if len(tags) > _TAGS_SHOWN else ""} x{len(tags)}>'


def _labels(run: str) -> str:
    out: list[str] = []
    done = 0
    for char, same in groupby(run):
        if len(out) == _GROUPS_SHOWN:
            return f"{''.join(out)}<+{len(run) - done} more>"
        count = len(list(same))
        label = _named(char)
        if count <= _RUN_SHOWN_WHOLE:
            out.append(label * count)
        else:
            out.append(f"{label[:-1]}x{count}>" if len(label) > 2 else f"{label}x{count}")
        done += count
    return "".join(out)


def _named(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return f"^{chr(code + 64)}"
    if code == 0x7F:
        return "^?"
    surrogate = 0xD800 <= code <= 0xDFFF
    nonchar = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return "\ufffd" if surrogate or nonchar else f"<U+{code:04X}>"


class Sanitizer:
    """Makes foreign text safe piece by piece."""

    def __init__(self) -> None:
        self._context = ""  # the end of what was given out; the rule may look back at it
        self._held: list[str] = []

    def feed(self, delta: str) -> str:
        """Take the next piece; give what can be shown of it now."""
        if delta and not self._held and plain().fullmatch(delta):
            self._context = delta[-1]
            return delta
        if self._held and _undecided().fullmatch(delta):
            self._held.append(delta)
            return ""
        text = join_surrogates("".join((self._context, *self._held, delta)))
        end, context = _decided(text)
        safe = display(text[:end])[len(self._context) :]
        self._context, self._held = text[context:end], [text[end:]] if end < len(text) else []
        return safe

    def flush(self) -> str:
        """Give what was held back, as if the text ended here, and begin anew."""
        text = "".join((self._context, *self._held))
        safe = display(text)[len(self._context) :]
        self._context, self._held = "", []
        return safe


def _decided(text: str) -> tuple[int, int]:
    """Where the part ends that no later text can change, and where the context begins."""
    end = end_without(_UNSEEN, text)
    marks = end_without(MARKS, text, end)
    return (min(end, marks + MOST_MARKS), marks) if marks < end else (end, max(end - 1, 0))


@cache
def _undecided() -> re.Pattern[str]:
    return re.compile(f"[{char_class(_UNSEEN)}{char_class(MARKS)}]*")


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
