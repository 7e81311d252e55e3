"""What images and PDFs cost: sizes and page counts read from their base64, tokens by formula."""

import base64
import binascii
import math
import re
from typing import Final, TypeAlias

Size: TypeAlias = tuple[int, int]

TILE_PX: Final = 28
UNSEEN: Final[Size] = (1024, 1024)  # an image of unknown size counts as this one
_CAPS: Final = {1568: 1568, 2576: 4784}  # tokens at most, by the longest edge
_HEAD_CHARS: Final = 256 * 1024
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_PAGES: Final = re.compile(rb"/Count\s+(\d{1,6})")
_PAGE_BYTES: Final = 60_000  # a page of a PDF that does not show its pages


def image_tokens(size: Size | None, edge_px: int) -> int:
    """Count an image's tokens: one for each 28 by 28 pixels, once it is shrunk as the service does.

    The service shrinks to `edge_px` on the long edge, and further to the tier's most tokens.
    """
    width, height = size or UNSEEN
    cap = _CAPS.get(edge_px, _CAPS[1568])
    scale = min(1.0, edge_px / max(width, height, 1))
    tokens = _tiles(width, height, scale)
    if tokens <= cap:
        return tokens
    low, high = 0.0, scale
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _tiles(width, height, middle) <= cap else (low, middle)
    return _tiles(width, height, low)


def _tiles(width: int, height: int, scale: float) -> int:
    across = max(1, math.ceil(round(width * scale, 6) / TILE_PX))
    return across * max(1, math.ceil(round(height * scale, 6) / TILE_PX))


def image_size(data: str) -> Size | None:
    """Read width and height from the head of a base64 image; None if it does not tell."""
    found = _read(_decode(data[:_HEAD_CHARS]))
    return found if found and min(found) > 0 else None


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
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _big(head, 16, 4), _big(head, 20, 4)
    if head.startswith(b"\xff\xd8"):
        return _jpeg(head)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _little(head, 6, 2), _little(head, 8, 2)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    return None


def _jpeg(head: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return _big(head, at + 7, 2), _big(head, at + 5, 2)
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + _big(head, at + 2, 2)
    return None


def _webp(head: bytes) -> Size | None:
    match head[12:16]:
        case b"VP8X":
            return 1 + _little(head, 24, 3), 1 + _little(head, 27, 3)
        case b"VP8 ":
            return _little(head, 26, 2) & 0x3FFF, _little(head, 28, 2) & 0x3FFF
        case b"VP8L":
            bits = _little(head, 21, 4)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return None


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")
