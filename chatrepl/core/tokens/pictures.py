"""What images and PDFs cost: sizes and page counts read from their bytes, tokens by formula.

Headers may lie; what is decoded is checked again by its decoder.
"""

import base64
import binascii
import math
import re
from typing import Final, TypeAlias

from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

Size: TypeAlias = tuple[int, int]

TILE_PX: Final = 28  # one token of an image is a square of this side
UNSEEN: Final[Size] = (1024, 1024)  # an image of unknown size counts as this one
_CAPS: Final = {1568: 1568, 2576: 4784}  # tokens at most, by the longest edge
_LONG: Final = 2.5  # the ratio of the sides from which on a picture is a page to be read
_READABLE: Final = 0.75  # the scale at which small text stays readable
_LEAST_SCALE: Final = 0.4  # pieces that are smaller are not worth their tokens
_MOST_PIECES: Final = 10
_OVERLAP_PX: Final = 56
_HEAD_CHARS: Final = 65_536  # divisible by four: whole groups of base64
_SOF: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_MOST_PARTS: Final = 50_000  # before the size is told; more are there to cost time
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_PAGES: Final = re.compile(rb"/Count\s+(\d{1,6})")
_PAGE_BYTES: Final = 60_000  # a page of a PDF that does not show its pages


def most_tokens(edge_px: int) -> int:
    """Give the most tokens of one image in the tier that shrinks the long edge to `edge_px`."""
    return _CAPS.get(edge_px, _CAPS[1568])


def tiles(size: Size) -> int:
    """Count the tokens of an image that need not be shrunk."""
    return math.ceil(size[0] / TILE_PX) * math.ceil(size[1] / TILE_PX)


def fit(size: Size, edge_px: int, most: int) -> Size:
    """Find the largest size of the same shape within `edge_px` and `most` tokens."""
    width, height = size
    long = max(size)

    def at(edge: int) -> Size:
        return max(1, round(width * edge / long)), max(1, round(height * edge / long))

    high = min(long, edge_px)
    if tiles(at(high)) <= most:
        return at(high)
    low = 1  # always fits, `high` never does
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if tiles(at(middle)) <= most else (low, middle)
    return at(low)


def is_long(size: Size) -> bool:
    """Tell a page to be read, such as a screenshot of all of it, from a photo."""
    return max(size) >= _LONG * min(size)


@frozen
class Pieces:
    """A long picture, scaled to `size` and cut into `boxes`: left, top, right, bottom."""

    size: Size
    boxes: tuple[tuple[int, int, int, int], ...]


def cut(size: Size, edge_px: int, most: int) -> Pieces | None:
    """Cut a long picture into pieces that stay readable; None where it need not or cannot be.

    What is shrunk beyond that on its short side, as a screenshot of a whole page, is lost to its
    reader. Pieces overlap, so that each line is whole in one of them.
    """
    short, long = sorted(size)
    whole = min(fit(size, edge_px, most)) / short
    if not is_long(size) or whole >= _READABLE:
        return None
    scale = min(1.0, edge_px / short)
    while scale >= _LEAST_SCALE:
        width, height = round(short * scale), round(long * scale)
        length = min(edge_px, most // math.ceil(width / TILE_PX) * TILE_PX)
        count = math.ceil((height - _OVERLAP_PX) / max(1, length - _OVERLAP_PX))
        if count <= _MOST_PIECES:
            starts = [round(i * (height - length) / max(1, count - 1)) for i in range(count)]
            if size[0] <= size[1]:
                boxes = tuple((0, at, width, at + length) for at in starts)
                return Pieces((width, height), boxes)
            return Pieces((height, width), tuple((at, 0, at + length, width) for at in starts))
        scale *= 0.9
    return None


def image_tokens(size: Size | None, edge_px: int) -> int:
    """Count an image's tokens: one for each 28 by 28 pixels, once it is shrunk as the service does.

    The service shrinks to `edge_px` on the long edge, and further to the tier's most tokens.
    """
    return tiles(fit(size or UNSEEN, edge_px, most_tokens(edge_px)))


def source_size(source: Wire) -> Size | None:
    """Read the size of an image that is sent with its data; None for one sent by address."""
    data = source.get("data")
    if not isinstance(data, str):
        return None
    return image_size(_decode(data[:_HEAD_CHARS])) or image_size(_decode(data))


def image_size(head: bytes) -> Size | None:
    """Read an image's size in pixels; None if the header is not in `head` or is damaged."""
    try:
        size = _read(head)
    except IndexError:
        return None
    return size if size and min(size) > 0 else None


def pdf_pages(data: str) -> int:
    """Count the pages of a base64 PDF; one that packs them away is judged by its size."""
    raw = _decode(data)
    pages = len(_PAGE.findall(raw))
    counted = max((int(n) for n in _PAGES.findall(raw)), default=0)
    return max(pages, counted) or max(1, len(raw) // _PAGE_BYTES)


def _decode(data: str) -> bytes:
    try:
        return base64.b64decode(data[: len(data) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _read(head: bytes) -> Size | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR" and len(head) >= 24:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head.startswith(b"\xff\xd8\xff"):
        return _jpeg(head)
    if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 13:
        return _gif(head)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    return None


def _jpeg(head: bytes) -> Size | None:
    at = 2
    for _ in range(_MOST_PARTS):
        if at + 9 > len(head) or head[at] != 0xFF:
            break
        marker = head[at + 1]
        if marker in _SOF:
            height, width = head[at + 5 : at + 7], head[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None


def _gif(head: bytes) -> Size | None:
    """Take the larger of the screen and the first frame, which decoders may grow to."""
    width, height = _little(head, 6), _little(head, 8)
    at = 13 + (3 << (head[10] & 7) + 1 if head[10] & 0x80 else 0)  # past the palette
    parts = 0
    while head[at] == 0x21 and parts < _MOST_PARTS:
        at += 2
        while head[at] and (parts := parts + 1) < _MOST_PARTS:
            at += 1 + head[at]
        at, parts = at + 1, parts + 1
    if head[at] != 0x2C or len(head) < at + 9:
        return None
    left, top = _little(head, at + 1), _little(head, at + 3)
    return max(width, left + _little(head, at + 5)), max(height, top + _little(head, at + 7))


def _webp(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8X" if len(head) >= 30:
            return 1 + _little(head, 24, 3), 1 + _little(head, 27, 3)
        case b"VP8 " if len(head) >= 30:
            return _little(head, 26) & 0x3FFF, _little(head, 28) & 0x3FFF
        case b"VP8L" if len(head) >= 25:
            bits = _little(head, 21, 4)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return None


def _little(data: bytes, at: int, length: int = 2) -> int:
    return int.from_bytes(data[at : at + length], "little")
