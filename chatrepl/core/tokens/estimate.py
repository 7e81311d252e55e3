"""How many tokens something is likely to be, before the service has counted it.

A text's estimate is linear in four counts, by tokenizer family; images and PDF pages have formulas
of their own. To add a family, add a row to `_PRIORS` and `FRAME`; for a new kind of content, a
case to `_block`. What the service reports corrects all this: see `learned.py`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from operator import add
from typing import Any, Final, NamedTuple, TypeAlias, assert_never

from chatrepl.core.models import Model, Tokenizer
from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
    block_from_wire,
)
from chatrepl.core.talk.message import Message
from chatrepl.core.tokens.pictures import Size, image_tokens, pdf_pages, source_size
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire, encode

MESSAGE_FRAME: Final = 4  # tokens around each message
FRAME: Final[Mapping[Tokenizer, int]] = {"v3": 3, "v4.7": 7, "v4.8": 2}  # and around the prompt
TOOL_FRAME: Final = 8
PAGE_TOKENS: Final = 1568  # a PDF page as a picture
PAGE_TEXT: Final = 700  # and a page's text, as long as nobody read it

# The factors of: cl100k tokens, Latin letters, letters in runs of capitals, characters of other
# scripts. Fitted to texts of 36 kinds; half of them are met within 8 %, 95 % within 20 %.
_PRIORS: Final[Mapping[Tokenizer, tuple[float, float, float, float]]] = {
    "v3": (1.14, 0.003, 0.008, -0.129),
    "v4.7": (1.178, 0.107, 0.373, -0.157),
    "v4.8": (1.178, 0.107, 0.373, -0.157),
}
# The factors that turn one family's count into the other's: of the count, then of all seven counts
# of the text. Fitted to 1,400 texts of 90 kinds.
_TO_NEW: Final = (0.912, 0.065, 0.133, 0.347, 0.033, 0.108, 0.084, -0.188)
_TO_OLD: Final = (0.673, 0.321, -0.073, -0.224, -0.028, -0.112, 0.058, 0.293)
_SLICE: Final = 65_536
_WIDEST: Final = 3.0  # the families never differ by more
_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+")
_CAPITALS: Final = re.compile(r"[A-Z]{2,}")
_OTHER: Final = re.compile(r"[^\x00-\u024f]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_MARKS: Final = re.compile(r"[!-/:-@\[-`{-~]+")
_MIXED: Final = re.compile(r"[a-z][A-Z0-9]|[0-9][A-Za-z]|[A-Z][0-9]")

CountText: TypeAlias = Callable[[str], "Features"]


@frozen
class Estimate:
    """A number of tokens; `exact` if it is made of nothing but counts of the service."""

    tokens: int
    exact: bool = False


class Features(NamedTuple):
    """What a text's estimate depends on: tokens in cl100k, and characters of six kinds.

    `capitals` stand in runs of two and more, `other` is beyond the Latin scripts, `mixed` counts
    the places where letters of another case or digits meet, as they do in base64.
    """

    bpe: int = 0
    latin: int = 0
    capitals: int = 0
    other: int = 0
    digits: int = 0
    marks: int = 0
    mixed: int = 0

    def plus(self, more: "Features") -> "Features":
        return Features(*map(add, self, more))

    def tokens(self, tokenizer: Tokenizer) -> float:
        """Estimate the tokens of the text by `tokenizer`."""
        return max(0.0, _weighed(_PRIORS[tokenizer], self))

    def converted(self, tokens: float, counted: Tokenizer, wanted: Tokenizer) -> float:
        """Estimate the tokens by `wanted`, where `counted` came to so many for the same text."""
        old, new = counted == "v3", wanted == "v3"
        if old == new:
            return tokens
        factor, *factors = _TO_NEW if old else _TO_OLD
        guess = factor * tokens + _weighed(factors, self)
        return min(max(guess, tokens / _WIDEST), tokens * _WIDEST)


def _weighed(factors: Iterable[float], counts: Iterable[int]) -> float:
    return sum(factor * count for factor, count in zip(factors, counts, strict=False))


def features(text: str, bpe: int) -> Features:
    """Take the counts of a text that has `bpe` tokens in cl100k.

    A long text is taken in slices, so that other threads get their turn.
    """
    total = _features(text[:_SLICE], bpe)
    for at in range(_SLICE, len(text), _SLICE):
        total = total.plus(_features(text[at : at + _SLICE], 0))
    return total


def _features(text: str, bpe: int) -> Features:
    other = 0 if text.isascii() else _length(_OTHER, text)
    return Features(
        bpe,
        _length(_LATIN, text),
        _length(_CAPITALS, text),
        other,
        _length(_DIGITS, text),
        _length(_MARKS, text),
        len(_MIXED.findall(text)),
    )


def _length(pattern: re.Pattern[str], text: str) -> int:
    return sum(map(len, pattern.findall(text)))


@frozen
class Bulk:
    """The content of a message, counted but not yet valued by any model.

    `images` has the sizes in pixels; None is an image that only the service can see.
    """

    text: Features = Features()
    images: tuple[Size | None, ...] = ()
    pages: int = 0
    extra: int = 0

    def __add__(self, more: "Bulk") -> "Bulk":
        return Bulk(
            self.text.plus(more.text),
            self.images + more.images,
            self.pages + more.pages,
            self.extra + more.extra,
        )

    def text_tokens(self, model: Model) -> float:
        return self.text.tokens(model.tokenizer)

    def fixed_tokens(self, model: Model) -> int:
        """Estimate what is no text: it follows formulas, and no scale is learned for it."""
        pictures = sum(image_tokens(size, model.image_edge_px) for size in self.images)
        return pictures + self.pages * (PAGE_TOKENS + PAGE_TEXT) + self.extra


_FRAME: Final = Bulk(extra=MESSAGE_FRAME)


def message_bulk(message: Message, count: CountText) -> Bulk:
    """Take the counts of a message, the frame around it included."""
    frame = Bulk() if message.is_silent else _FRAME
    return _sum((_block(block, count) for block in message.content), frame)


def _sum(parts: Iterable[Bulk], start: Bulk) -> Bulk:
    total = start
    for part in parts:
        total += part
    return total


def _block(block: Block, count: CountText) -> Bulk:
    match block:
        case TextBlock(text=text):
            return Bulk(count(text))
        case ImageBlock(source=source):
            return Bulk(images=(source_size(source),))
        case DocumentBlock(source=source, title=title):
            return Bulk(count(title) if title else Features()) + _document(source, count)
        case ThinkingBlock(thinking=thinking, signature=signature):
            # Hidden thinking travels in the signature; base64 holds 3 bytes in 4 characters.
            return Bulk(count(thinking)) if thinking else Bulk(extra=len(signature) * 3 // 16)
        case RedactedThinkingBlock(data=data):
            return Bulk(extra=len(data) * 3 // 16)
        case ToolUseBlock(name=name, input=input_):
            return Bulk(count(name + encode(dict(input_))), extra=TOOL_FRAME)
        case ToolResultBlock(content=content):
            return _result(content, count) + Bulk(extra=TOOL_FRAME)
        case UnknownBlock(wire=wire):
            return Bulk(count(encode(dict(wire))))
        case _:
            assert_never(block)


def _document(source: Wire, count: CountText) -> Bulk:
    data = source.get("data")
    match source.get("type"):
        case "text" if isinstance(data, str):
            return Bulk(count(data))
        case "base64" if isinstance(data, str):
            return Bulk(pages=pdf_pages(data))
        case "content":
            return _result(source.get("content"), count)
        case _:
            return Bulk(pages=1)


def _result(content: Any, count: CountText) -> Bulk:
    if content is None:
        return Bulk()
    if isinstance(content, str):
        return Bulk(count(content))
    if isinstance(content, list | tuple) and all(isinstance(part, Mapping) for part in content):
        return _sum((_block(block_from_wire(part), count) for part in content), Bulk())
    return Bulk(count(encode(content)))
