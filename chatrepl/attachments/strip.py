"""Everything that is no picture taken out of an image file, without touching a pixel.

What is kept is a list, so that an unknown kind of metadata is dropped as well. Each function
raises ValueError for a file that ends early or is put together wrongly.
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Final

# A marker in entropy-coded data: no stuffed zero, no restart, no fill byte.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FILL: Final = re.compile(rb"\xff*")
_GIF_BLOCK: Final = re.compile(rb"[\x21\x2c\x3b]")
_SOS, _EOI, _APP0, _APP1, _APP14, _COM = 0xDA, 0xD9, 0xE0, 0xE1, 0xEE, 0xFE
_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
# A file of several scans is held whole in memory, and every scan walks over all of it.
_MAX_HELD_BYTES: Final = 200_000_000
_MAX_WALKED_BYTES: Final = 2_500_000_000
# Pictures have some thousands of parts; each costs time, and Pillow's memory besides.
_MAX_PARTS: Final = 50_000
_MAX_GIF_PARTS: Final = 500_000  # of at most 255 bytes
_SOF: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"}
)
_WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_GIF_CONTROL: Final = b"\xf9"
_WEBP_METADATA_FLAGS: Final = 0x20 | 0x08 | 0x04  # colour profile, Exif, XMP


class TooCostlyError(ValueError):
    """The picture is built so that decoding it takes far more than its size tells."""


def jpeg(data: bytes) -> bytes:
    """Keep the tables and scans of a JPEG; a second picture behind the first is dropped too."""
    out, at, scans, held = bytearray(data[:2]), 2, 0, 0
    for number in count():
        _limit(number)
        marker, start, end = _segment(data, at)
        if marker == _EOI:
            return bytes(out) + b"\xff\xd9"
        if marker == _SOS:
            scans += 1
            marked = _MARKER.search(data, end)
            if marked is None:
                raise ValueError("ends early")
            end = marked.start()
        if marker in _SOF:
            held = max(held, _coefficient_bytes(data[start:end]))
        if scans > 1 and (held > _MAX_HELD_BYTES or held * scans > _MAX_WALKED_BYTES):
            raise TooCostlyError("too many scans for its size")
        if marker == _APP0:
            out += _JFIF if data.startswith(b"JFIF\0", start + 4) else b""
        elif not (_APP0 < marker <= 0xEF or marker == _COM) or marker == _APP14:
            out += data[start:end]
        at = end
    raise AssertionError  # counting has no end


def png(data: bytes) -> bytes:
    """Keep the chunks that make the first picture of a PNG."""
    chunks = [data[at:end] for name, at, end in _png_chunks(data) if name in _PNG_KEPT]
    return data[:8] + b"".join(chunks)


def webp(data: bytes) -> bytes:
    """Keep the chunks that make the picture of a WebP, all frames of a moving one."""
    out = []
    for name, at, end in _riff_chunks(data):
        chunk = data[at:end]
        if name == b"VP8X" and len(chunk) > 8:
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_METADATA_FLAGS]) + chunk[9:]
        if name in _WEBP_KEPT:
            out.append(chunk)
    body = b"WEBP" + b"".join(out)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def gif(data: bytes) -> bytes:
    """Keep the first two frames of a GIF, of which the second tells that it moves."""
    at = _past_palette(data, 10, 13)
    out, frames, parts = [data[:at]], 0, 0
    while frames < 2 and (block := _GIF_BLOCK.search(data, at)) and block[0] != b"\x3b":
        start = block.start()
        if block[0] == b"\x21":
            at = start + 2
        else:
            at = _past_palette(data, start + 9, start + 10) + 1
            frames += 1
        while length := _byte(data, at):
            at, parts = at + 1 + length, parts + 1
        at, parts = at + 1, parts + 10
        if parts > _MAX_GIF_PARTS:
            raise TooCostlyError("too many parts")
        if block[0] == b"\x2c" or data[start + 1 : start + 2] == _GIF_CONTROL:
            out.append(data[start:at])
    return b"".join(out) + b"\x3b"


def exif(data: bytes) -> bytes:
    """Find the Exif block of a JPEG, PNG or WebP file; empty if there is none."""
    if data.startswith(b"\xff\xd8"):
        at, marker, number = 2, 0, 0
        while marker not in {_SOS, _EOI}:
            _limit(number := number + 1)
            marker, start, at = _segment(data, at)
            if marker == _APP1 and data.startswith(b"Exif\0\0", start + 4):
                return data[start + 4 : at]
        return b""
    if data.startswith(b"RIFF"):
        chunks = _riff_chunks(data)
        return next((data[at + 8 : end] for name, at, end in chunks if name == b"EXIF"), b"")
    chunks = _png_chunks(data)
    return next((data[at + 8 : end - 4] for name, at, end in chunks if name == b"eXIf"), b"")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at, name, number = 8, b"", 0
    while name != b"IEND":
        _limit(number := number + 1)
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if end > len(data):
            raise ValueError("ends early")
        yield name, at, end
        at = end


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    total, at = 8 + int.from_bytes(data[4:8], "little"), 12
    if total > len(data):
        raise ValueError("ends early")
    for number in count():
        if at + 8 > total:
            return
        _limit(number)
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > total:
            raise ValueError("ends early")
        end = at + 8 + length + (length & 1)
        yield data[at : at + 4], at, end
        at = end


def _coefficient_bytes(frame: bytes) -> int:
    """Count what a decoder holds of a frame header's picture: two bytes a sample."""
    pixels = int.from_bytes(frame[5:7], "big") * int.from_bytes(frame[7:9], "big")
    factors = [(byte >> 4, byte & 15) for byte in frame[11::3]]
    largest = max((h for h, _ in factors), default=1) * max((v for _, v in factors), default=1)
    return 2 * pixels * sum(h * v for h, v in factors) // max(1, largest)


def _segment(data: bytes, at: int) -> tuple[int, int, int]:
    """Give marker, start and end of the segment at `at`."""
    if data[at : at + 2] == b"\xff\xff" and (fill := _FILL.match(data, at)):
        at = fill.end() - 1
    if len(data) < at + 2 or data[at] != 0xFF:
        raise ValueError("ends early")
    marker = data[at + 1]
    if marker == _EOI:
        return marker, at, at + 2
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    end = at + 2 + length
    if length < 2 or end > len(data):
        raise ValueError("ends early")
    return marker, at, end


def _limit(parts: int) -> None:
    if parts > _MAX_PARTS:
        raise TooCostlyError("too many parts")


def _past_palette(data: bytes, flags_at: int, at: int) -> int:
    """Tell where a GIF goes on after a palette, if its flags say that there is one."""
    flags = _byte(data, flags_at)
    return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _byte(data: bytes, at: int) -> int:
    """Give a byte; zero past the end."""
    return data[at] if at < len(data) else 0
