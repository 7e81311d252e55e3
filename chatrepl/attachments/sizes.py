"""Width and height of an image from its header, without decoding a pixel.

Headers may lie; what is decoded is checked again by its decoder.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from chatrepl.attachments import sniff

PixelSize: TypeAlias = tuple[int, int]

_SOF: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


def dimensions(head: bytes) -> PixelSize | None:
    """Read an image's size in pixels; None if the header is not in `head` or is damaged."""
    read = _READERS.get(sniff.sniff(head[:32]))
    try:
        found = read(head) if read else None
    except IndexError:
        return None
    return found if found and min(found) > 0 else None


def _png(head: bytes) -> PixelSize | None:
    if head[12:16] != b"IHDR" or len(head) < 24:
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def _jpeg(head: bytes) -> PixelSize | None:
    at = 2
    while at + 9 <= len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _SOF:
            height, width = head[at + 5 : at + 7], head[at + 7 : at + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return None


def _gif(head: bytes) -> PixelSize | None:
    """Take the larger of the screen and the first frame, which decoders may grow to."""
    if len(head) < 13:
        return None
    width, height = _le16(head, 6), _le16(head, 8)
    at = 13 + _palette(head[10])
    while head[at] == 0x21:
        at += 2
        while head[at]:
            at += 1 + head[at]
        at += 1
    if head[at] != 0x2C or len(head) < at + 9:
        return None
    left, top = _le16(head, at + 1), _le16(head, at + 3)
    return max(width, left + _le16(head, at + 5)), max(height, top + _le16(head, at + 7))


def _webp(head: bytes) -> PixelSize | None:
    if len(head) < 30:
        return None
    form = head[12:16]
    if form == b"VP8X":
        width, height = head[24:27], head[27:30]
        return 1 + int.from_bytes(width, "little"), 1 + int.from_bytes(height, "little")
    if form == b"VP8 ":
        return _le16(head, 26) & 0x3FFF, _le16(head, 28) & 0x3FFF
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def _le16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_READERS: Final[Mapping[sniff.FileType, Callable[[bytes], PixelSize | None]]] = {
    sniff.PNG: _png,
    sniff.JPEG: _jpeg,
    sniff.GIF: _gif,
    sniff.WEBP: _webp,
}
