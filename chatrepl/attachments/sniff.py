"""What a file is, by its first bytes and never by its name.

To name another kind in refusals, add a row to `_PREFIXES`.
"""

import codecs
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from chatrepl.core.value import frozen


class FileKind(StrEnum):
    """What can be done with a file."""

    IMAGE = "image"
    PDF = "pdf"
    TEXT = "text"
    UNSUPPORTED = "unsupported"


@frozen
class FileType:
    """A kind with its name; for unsupported ones `name` has its article, `hint` a way out."""

    kind: FileKind
    name: str
    media_type: str = ""
    hint: str = ""


JPEG: Final = FileType(FileKind.IMAGE, "JPEG", "image/jpeg")
PNG: Final = FileType(FileKind.IMAGE, "PNG", "image/png")
GIF: Final = FileType(FileKind.IMAGE, "GIF", "image/gif")
WEBP: Final = FileType(FileKind.IMAGE, "WebP", "image/webp")
BMP: Final = FileType(FileKind.IMAGE, "BMP", "image/bmp")
TIFF: Final = FileType(FileKind.IMAGE, "TIFF", "image/tiff")
ICO: Final = FileType(FileKind.IMAGE, "ICO", "image/x-icon")
AVIF: Final = FileType(FileKind.IMAGE, "AVIF", "image/avif")
HEIC: Final = FileType(FileKind.IMAGE, "HEIC", "image/heic")
TAKEN: Final = frozenset({JPEG, PNG, GIF, WEBP})  # by the service; others are converted
PDF: Final = FileType(FileKind.PDF, "PDF", "application/pdf")
TEXT: Final = FileType(FileKind.TEXT, "text", "text/plain")
EMPTY: Final = FileType(FileKind.UNSUPPORTED, "empty")

_TO_PNG: Final = "Convert it to PNG or JPEG first."
_TO_PDF: Final = "Save it as PDF first."
_UNPACK: Final = "Unpack it and attach the files inside."
_NO_SOUND: Final = "Sound and video cannot be sent; attach a picture or a transcript."


def _no(name: str, hint: str = "") -> FileType:
    return FileType(FileKind.UNSUPPORTED, name, "", hint)


BINARY: Final = _no("binary data of an unknown kind", "Images, PDFs and text can be attached.")
SVG: Final = _no("an SVG drawing", f"{_TO_PNG} Its source can be sent as part of a message.")
_VIDEO: Final = _no("a video or sound file", _NO_SOUND)
_ZIP: Final = _no("a ZIP archive", _UNPACK)
_OFFICE: Final = _no("an office document", _TO_PDF)
_PROGRAM: Final = _no("a program")

_PREFIXES: Final[Mapping[FileType, tuple[bytes, ...]]] = {
    PNG: (b"\x89PNG\r\n\x1a\n",),
    JPEG: (b"\xff\xd8\xff",),
    GIF: (b"GIF87a", b"GIF89a"),
    _no("a raw photo", _TO_PNG): (b"II*\0\x10\0\0\0CR",),
    TIFF: (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    _no("a Photoshop file", _TO_PNG): (b"8BPS\0",),
    ICO: (b"\0\0\1\0",),
    _no("a JPEG XL image", _TO_PNG): (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
    _no("a JPEG 2000 image", _TO_PNG): (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    _OFFICE: (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    _no("a gzip archive", _UNPACK): (b"\x1f\x8b",),
    _no("an xz archive", _UNPACK): (b"\xfd7zXZ\0",),
    _no("a zstd archive", _UNPACK): (b"\x28\xb5\x2f\xfd",),
    _no("a 7z archive", _UNPACK): (b"7z\xbc\xaf\x27\x1c",),
    _no("a RAR archive", _UNPACK): (b"Rar!\x1a\x07",),
    _PROGRAM: (b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\0asm"),
    _no("a SQLite database", "Export what is needed as text."): (b"SQLite format 3\0",),
    _VIDEO: (b"\x1a\x45\xdf\xa3",),
}
# Prefixes made of letters alone: a text may begin like that, so it must look binary as well.
_LETTERS: Final[Mapping[FileType, tuple[bytes, ...]]] = {
    _no("a bzip2 archive", _UNPACK): (b"BZh",),
    _VIDEO: (b"OggS", b"fLaC", b"ID3"),
    _no("a font"): (b"wOFF", b"wOF2"),
    _PROGRAM: (b"MZ",),
}
_BRANDS: Final[Mapping[bytes, FileType]] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), HEIC),
    **dict.fromkeys((b"avif", b"avis"), AVIF),
}
_RIFF: Final[Mapping[bytes, FileType]] = {b"WEBP": WEBP, b"WAVE": _VIDEO, b"AVI ": _VIDEO}
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_STRANGE: Final = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_SVG_WINDOW: Final = 8_192
_TELLING: Final = 12  # so many units that are all characters are no accident


def sniff(head: bytes) -> FileType:
    """Tell the type of a file by its first bytes; 64 kB are plenty, one is enough to try."""
    if not head:
        return EMPTY
    if kind := _begins_as(head, _PREFIXES) or _structured(head):
        return kind
    if not looks_binary(head):
        return _markup(head)
    if head.startswith(b"ustar", 257):
        return _no("a tar archive", _UNPACK)
    return _begins_as(head, _LETTERS) or BINARY


def _begins_as(head: bytes, prefixes: Mapping[FileType, tuple[bytes, ...]]) -> FileType | None:
    return next((kind for kind, begins in prefixes.items() if head.startswith(begins)), None)


def looks_binary(head: bytes) -> bool:
    """Tell whether bytes are no text in any usual encoding."""
    if head.startswith(_BOMS):
        return False
    sample = head[:8_192]
    if b"\0" in head:
        return not wide_encoding(head)
    return len(_STRANGE.findall(sample)) * 50 > len(sample)


def wide_encoding(head: bytes) -> str:
    """Name the UTF-16 that a text without a byte order mark is in; empty for all else.

    Every other byte of Western text is NUL there; of other scripts there is at least no character
    that is none.
    """
    zeros = head[::2].count(0), head[1::2].count(0)
    if min(zeros) or not max(zeros):
        return ""
    encoding = "utf-16-le" if zeros[1] else "utf-16-be"
    text = _begun(head, encoding)
    if not all(char.isprintable() or char.isspace() for char in text):
        return ""
    is_western = max(zeros) > 1 and max(zeros) * 2 >= len(text)
    is_other = len(text) >= _TELLING and not _begun(head, "utf-8")
    return encoding if is_western or is_other else ""


def _begun(head: bytes, encoding: str) -> str:
    """Decode bytes that may end within a character; empty where they are in no such encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return ""


def _structured(head: bytes) -> FileType | None:
    if head.lstrip(b"\xef\xbb\xbf\r\n\t \0").startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _zip(head)
    if head.startswith(b"BM") and head[6:10] == bytes(4) and head[15:18] == bytes(3):
        return BMP
    return None


def _brand(head: bytes) -> FileType:
    length = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, length, 4))]
    kinds = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    return AVIF if AVIF in kinds else kinds[0] if kinds else _VIDEO


def _zip(head: bytes) -> FileType:
    if b"mimetypeapplication/epub" in head[:100]:
        return _no("an e-book", _TO_PDF)
    office = (b"word/", b"xl/", b"ppt/", b"[Content_Types].xml", b"application/vnd.oasis")
    return _OFFICE if any(mark in head[:4_096] for mark in office) else _ZIP


def _markup(head: bytes) -> FileType:
    """Look behind an XML prologue for an `<svg>` as the first element."""
    rest = head[:_SVG_WINDOW].lstrip(b"\xef\xbb\xbf").lstrip()
    while rest.startswith((b"<?", b"<!")):
        end = b"-->" if rest.startswith(b"<!--") else b">"
        if end not in rest:
            return TEXT
        rest = rest.partition(end)[2].lstrip()
    return SVG if re.match(rb"<(svg:)?svg[\s>/]", rest) else TEXT
