"""Everything that is no picture taken out of an image file, without touching a pixel.

What is kept is a list, so that an unknown kind of metadata is dropped as well. Each function
raises ValueError for a file that ends early or is put together wrongly.
"""

import re
from typing import Final

# A marker in entropy-coded data: no stuffed zero, no restart, no fill byte.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SOS, _EOI, _APP0, _APP14, _COM = 0xDA, 0xD9, 0xE0, 0xEE, 0xFE
_JFIF: Final = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_MAX_SCANS: Final = 64  # a usual progressive file has ten; thousands would cost minutes
_PNG_KEPT: Final = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"}
)
_WEBP_KEPT: Final = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_METADATA_FLAGS: Final = 0x20 | 0x08 | 0x04  # colour profile, Exif, XMP


def jpeg(data: bytes) -> bytes:
    """Keep the tables and scans of a JPEG; a second picture behind the first is dropped too."""
    out, at, scans = bytearray(data[:2]), 2, 0
    while True:
        marker, start, end = _segment(data, at)
        if marker == _EOI:
            return bytes(out) + b"\xff\xd9"
        if marker == _SOS:
            scans += 1
            found = _MARKER.search(data, end)
            if found is None or scans > _MAX_SCANS:
                raise ValueError("ends early" if found is None else "too many scans")
            end = found.start()
        if marker == _APP0:
            out += _JFIF if data.startswith(b"JFIF\0", start + 4) else b""
        elif not (_APP0 < marker <= 0xEF or marker == _COM) or marker == _APP14:
            out += data[start:end]
        at = end


def png(data: bytes) -> bytes:
    """Keep the chunks that make the first picture of a PNG."""
    out, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if end > len(data):
            break
        if name in _PNG_KEPT:
            out.append(data[at:end])
        if name == b"IEND":
            return b"".join(out)
        at = end
    raise ValueError("ends early")


def webp(data: bytes) -> bytes:
    """Keep the chunks that make the picture of a WebP, all frames of a moving one."""
    total = 8 + int.from_bytes(data[4:8], "little")
    if total > len(data):
        raise ValueError("ends early")
    out, at = [], 12
    while at + 8 <= total:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + (length & 1)
        if at + 8 + length > total:
            raise ValueError("ends early")
        name, chunk = data[at : at + 4], data[at:end]
        if name == b"VP8X" and len(chunk) > 8:
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_METADATA_FLAGS]) + chunk[9:]
        if name in _WEBP_KEPT:
            out.append(chunk)
        at = end
    body = b"WEBP" + b"".join(out)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _segment(data: bytes, at: int) -> tuple[int, int, int]:
    """Give marker, start and end of the segment at `at`."""
    while data[at : at + 2] == b"\xff\xff":
        at += 1
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
