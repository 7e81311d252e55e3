"""Prefill on every model: the ways to make a reply begin with a given text.

*native*: the text goes out as a last assistant message, and the model writes on from it.
*schema*: a JSON schema governs the reply's form already.
*emulated*: an instruction goes out with the user's message, and `Joiner` sees to it that the text
stands at the beginning exactly once, whether the model repeats it or not.

Going on with a reply that was cut, on models that take no prefill.

The partial reply stays where it is, and a user message after it asks for the rest. What comes is
joined at the seam: words that the model says again there are left out.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Final

from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    MessageStop,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.models import Model
from chatrepl.core.talk.conversation import PrefillMode
from chatrepl.core.wire import encode

_INSTRUCTION: Final = (
    "Begin your reply with exactly this text, character for character, and go on from its end "
    "as if you had written it; put nothing before it, quote nothing, and do not mention this "
    "instruction: {quoted}"
)


def choose_mode(model: Model, *, schema: bool, thinking: bool) -> PrefillMode:
    """Pick the way that works for `model`: native where it is allowed, else the next best.

    Raises UsageError where thinking rules a native prefill out.
    """
    if schema:
        return "schema"
    if model.prefill is not True:
        return "emulated"
    if thinking:
        raise UsageError(
            f"{model.id} takes either a prefill or thinking, not both.",
            "/think off or /prefill clear decides it.",
        )
    return "native"


def instruction(text: str) -> str:
    """Write the words that ask for `text` at the beginning of the reply."""
    return _INSTRUCTION.format(quoted=encode(text))


def native_text(text: str) -> str:
    """Give the part of a prefill that may be sent: the service takes no trailing white space."""
    return text.rstrip()


@dataclass(slots=True)
class Holder(ABC):
    """Joins a streamed text to one that is on screen already, without saying that twice.

    What may still turn out to repeat it is held back; `flush` lets it go. What comes out does not
    depend on where the pieces end.
    """

    _held: str = field(default="", init=False)
    _joined: bool = field(default=False, init=False)

    def feed(self, text: str) -> str:
        """Take the model's next piece, and give what is to be shown now."""
        if self._joined:
            return text
        self._held += text
        return self._release(last=False)

    def flush(self) -> str:
        """End the text and give what was still held back."""
        return "" if self._joined else self._release(last=True)

    def tear(self) -> str:
        """End a text that broke off, and give what was still held back."""
        return self.flush()

    @abstractmethod
    def _release(self, *, last: bool) -> str: ...


@dataclass(slots=True)
class Joiner(Holder):
    """Joins a continuation to a prefill.

    White space is not compared, since a model may change it while repeating. A repetition in quotes
    or in a fence of code loses these, too. Code begins in a row of its own behind a fence with its
    language.
    """

    prefill: str
    mode: PrefillMode
    _wrap: "_Wrap | None" = field(default=None, init=False)

    def feed(self, text: str) -> str:
        """Take the model's next piece, and give what is to be shown now."""
        text = Holder.feed(self, text)
        return text if self._wrap is None else self._wrap.feed(text)

    def flush(self) -> str:
        """End the text and give what was still held back."""
        text = Holder.flush(self)
        return text if self._wrap is None else self._wrap.feed(text) + self._wrap.flush()

    def tear(self) -> str:
        """End a text that broke off: the beginning of a repetition is none of its own."""
        return "" if not self._joined and self._repeats else self.flush()

    @property
    def _repeats(self) -> bool:
        """Whether all that is held back is the beginning of a repetition."""
        if self.mode == "native":
            return False
        core, text = self.prefill.strip(), self._held
        if _past_echo(text, core) == 0 and (opens := _OPENS.match(text)):
            text = text[opens.end() :]
        return bool(text.strip()) and _past_echo(text, core) is None

    def _release(self, *, last: bool) -> str:
        is_native, core = self.mode == "native", self.prefill.strip()
        at, mark = (0, "") if is_native else _past_wrapped_echo(self._held, core)
        if at is None and not last:
            return ""
        rest = self._held[at or 0 :]
        space = self.prefill[len(self.prefill.rstrip()) :]
        if space and self.mode != "native":
            rest = rest.lstrip()
        elif space:
            rest = _without_common_start(rest, space)
        if not rest and not last:
            return ""
        self._joined = True
        self._wrap = _Wrap(mark) if mark else None
        if rest and not (at or is_native or rest[0] in "\r\n") and _ends_in_fence(core):
            return "\n" + rest  # in the row of a fence nobody would see it
        return rest


_OPEN_ROW: Final = re.compile(r" {0,3}(?:```[^`]+|~~~.+)")
_OPENS: Final = re.compile(r"\s*+(?:(`{3,}+|~{3,}+)[^`\n]*+\n|([\"“`]))")
_MAY_OPEN: Final = re.compile(r"\s*(?:`{1,2}|~{1,2}|(?:`{3}|~{3})[^\n]*)")
_CLOSES: Final = {"“": "”"}


def _ends_in_fence(text: str) -> bool:
    """Tell whether the last row of a text opens a fence of code in some language."""
    row = text.rpartition("\n")[2]
    return _OPEN_ROW.fullmatch(row) is not None and row[-1].isalnum()


@dataclass(slots=True)
class _Wrap:
    """What a text was put in, a fence or a mark of quotation; leaves its end out."""

    mark: str
    _held: str = ""
    _begun: bool = False
    _opens: int = 0
    _closes: int = 0
    _ended: bool = False

    def feed(self, text: str) -> str:
        self._held += text
        return self._release(last=False)

    def flush(self) -> str:
        return self._release(last=True)

    def _release(self, *, last: bool) -> str:
        text, self._held = self._held, ""
        if self._ended:
            return text
        if end := self._end(text, last=last):
            self._ended = True
            return text[: end.start()] + text[end.end() :]
        at = len(text) if last else self._safe(text)
        self._held = text[at:]
        self._begun = self._begun or at > 0
        self._opens += text.count(self.mark, 0, at)
        self._closes += text.count(self._close, 0, at)
        return text[:at]

    @property
    def _is_fence(self) -> bool:
        return len(self.mark) > 1

    @property
    def _close(self) -> str:
        return _CLOSES.get(self.mark, self.mark)

    def _end(self, text: str, *, last: bool) -> re.Match[str] | None:
        """Find its end: a fence of its own, or the mark at once or at last."""
        if self._is_fence:
            follows = r"(?=\n|\Z)" if last else r"(?=\n)"
            return re.search(rf"\n {{0,3}}{self.mark}{self.mark[0]}*[ \t]*{follows}", text)
        if not self._begun:
            return re.match(self._close, text) or (self._last(text) if last else None)
        return self._last(text) if last and self._is_even else None

    def _last(self, text: str) -> re.Match[str] | None:
        return re.search(rf"{self._close}(?=\s*\Z)", text)

    @property
    def _is_even(self) -> bool:
        """Whether all quotations within it have ended."""
        if self._close == self.mark:
            return self._closes % 2 == 0
        return self._closes == self._opens

    def _safe(self, text: str) -> int:
        """Give how much of `text` is surely no part of its end."""
        tail = rf"\n {{0,3}}{self.mark[0]}*[ \t]*\Z" if self._is_fence else rf"{self._close}\s*\Z"
        end = re.search(tail, text)
        return end.start() if end else len(text)


def _past_wrapped_echo(text: str, core: str) -> tuple[int | None, str]:
    """Find where `text` is past a repetition of `core`, and what that stands in."""
    at = _past_echo(text, core)
    if at != 0:
        return at, ""
    if _MAY_OPEN.fullmatch(text):
        return None, ""
    if (opens := _OPENS.match(text)) is None:
        return 0, ""
    inner = _past_echo(text[opens.end() :], core)
    return (opens.end() + inner, opens[1] or opens[2]) if inner else (inner, "")


def _past_echo(text: str, core: str) -> int | None:
    """Find where `text` is past a loose repetition of `core`; 0 if it is none, None if unsure."""
    at = 0
    for wanted in core:
        if wanted.isspace():
            continue
        at = _past_space(text, at)
        if at >= len(text):
            return None
        if text[at] != wanted:
            return 0
        at += 1
    return at


def _past_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _without_common_start(text: str, other: str) -> str:
    same = 0
    while same < min(len(text), len(other)) and text[same] == other[same]:
        same += 1
    return text[same:]


_QUOTED: Final = 160  # characters of the end that are quoted
_WINDOW: Final = 240  # characters within which a repetition can begin and end
_LEAST: Final = 8  # shorter repetitions may be meant
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")


def words(partial: str) -> str:
    """Write the message that asks for the rest of `partial`."""
    return (
        f"Your last reply was cut off. It ends with {encode(partial[-_QUOTED:])}. "
        "Continue exactly where it stops: write only what comes next, repeat nothing, "
        "and do not mention that it was cut."
    )


@dataclass(slots=True)
class Seam(Holder):
    """Joins the rest of a reply to the partial text before it."""

    partial: str

    def _release(self, *, last: bool) -> str:
        if len(self._held) < _WINDOW and not last:
            return ""
        self._joined = True
        return self._held[_overlap(self.partial, self._held[:_WINDOW]) :]


def _overlap(before: str, after: str) -> int:
    """Count the characters at the start of `after` that say the end of `before` again."""
    blank = len(after) - len(after.lstrip())
    for skip in {0, blank}:
        rest = after[skip:]
        for size in range(min(len(before), len(rest)), _LEAST - 1, -1):
            if before.endswith(rest[:size]):
                return skip + size
    return 0


@dataclass(slots=True)
class Joining:
    """Lets the first text of a reply pass through a holder; all else passes as it is."""

    holder: Holder | None = None
    _in_text: bool = False
    _index: int = 0

    def feed(self, event: StreamEvent) -> tuple[StreamEvent, ...]:
        """Take an event, and give what takes its place."""
        match event:
            case BlockStart(_, wire):
                self._in_text = wire.get("type") == "text"
            case TextDelta(text, index) if self.holder is not None:
                self._in_text, self._index = True, index
                joined = self.holder.feed(text)
                return (TextDelta(joined, index),) if joined else ()
            case BlockStop() | MessageStop() if self.holder is not None and self._in_text:
                rest, self.holder = self.holder.flush(), None
                index = event.index if isinstance(event, BlockStop) else 0
                return (TextDelta(rest, index), event) if rest else (event,)
            case _:
                pass
        return (event,)

    def end(self) -> tuple[StreamEvent, ...]:
        """Give what is still held back when the stream ends, whole or torn."""
        rest = self.holder.tear() if self.holder is not None else ""
        self.holder = None
        return (TextDelta(rest, self._index),) if rest else ()


def resume_point(text: str) -> int:
    """Find where the last block of a Markdown text begins: a place to show it from again."""
    start = at = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" `~\n"):
                fence = ""
        elif mark:
            fence, start = mark[1], at
        elif not line.strip():
            start = at + len(line)
        at += len(line)
    return start if start < len(text) else 0
