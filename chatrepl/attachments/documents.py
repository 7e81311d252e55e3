"""PDFs and text files as document blocks."""

import re
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from chatrepl.attachments.safe_read import refusal, too_large
from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import AttachmentError
from chatrepl.core.value import frozen
from chatrepl.core.words import hidden_words

# A page is sent as a picture and as its text; measured on reports and papers.
TOKENS_PER_PAGE: Final = 1_568 + 650
_BYTES_PER_TOKEN: Final = 3.4
_ENCRYPTED: Final = re.compile(rb"/Encrypt\s*(?:<<|\d+\s+\d+\s+R)")
_LINEAR: Final = re.compile(rb"/Linearized\b[^>]{0,400}?/N\s+(\d{1,6})\b")
_PAGES: Final = re.compile(rb"/Type\s*/Pages\b")
_COUNT: Final = re.compile(rb"/Count\s+(\d{1,6})\b")
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_OBJECT_STREAM: Final = re.compile(rb"/Type\s*/ObjStm\b")
_STREAM: Final = re.compile(rb">>\s*stream\r?\n")
_MAX_MATCHES: Final = 4_000  # a file made to be slow may repeat its marks without end
_INFLATED_EACH: Final = 1 << 20
_INFLATED_ALL: Final = 16 << 20
_LEAST_CHARGE: Final = 4 << 10


@frozen
class DecodedText:
    """A text file, decoded."""

    text: str
    note: str

    @property
    def tokens(self) -> int:
        return round(len(self.text.encode("utf-8", "replace")) / _BYTES_PER_TOKEN)


def read_text(data: bytes, name: str, limit: int, *, keep_hidden: bool = False) -> DecodedText:
    """Decode a text file; that it was no UTF-8 is a note.

    Characters that nobody sees are left out.
    """
    if len(data) > limit:
        raise too_large(name, len(data), limit, "Attach the part that matters.")
    from chatrepl.attachments.decoding import UndecodableError, decode  # seldom needed

    try:
        decoded = decode(data)
    except UndecodableError as error:
        raise refusal(name, str(error)) from None
    text, note = decoded.text.replace("\r\n", "\n"), decoded.note
    clean, hidden = without_hidden(text)
    if hidden:
        count = hidden_words(hidden)
        what = f"contains {count}" if keep_hidden else f"{count} left out"
        note = "; ".join(filter(None, (note, what)))
    text = text if keep_hidden else clean
    if not text.strip():
        raise refusal(name, "it is empty")
    return DecodedText(text, note)


def read_pdf(data: bytes, name: str, max_bytes: int, max_pages: int) -> int | None:
    """Check what can be told of a PDF cheaply; give the number of its pages, if that can be."""
    if len(data) > max_bytes:
        raise too_large(name, len(data), max_bytes, "Split it, and attach the part that matters.")
    if _ENCRYPTED.search(data):
        raise refusal(
            name,
            "the PDF is encrypted",
            "Save a copy without a password (`qpdf --decrypt in.pdf out.pdf`).",
        )
    if b"startxref" not in data and b"%%EOF" not in data:
        raise refusal(name, "the PDF is incomplete", "Fetch it again.")
    pages = _pages(data)
    if pages is not None and pages > max_pages:
        raise AttachmentError(
            f"{name} is too large: {pages} pages, the limit is {max_pages}.",
            "Split it, and attach the part that matters.",
            exit_code=5,
        )
    return pages


def _pages(data: bytes) -> int | None:
    linear = _LINEAR.search(data, 0, 2_048)
    if linear:
        return int(linear[1])
    counts: list[int] = []
    single, left = 0, _MAX_MATCHES
    for part in (data, *_object_streams(data)):
        for match in islice(_PAGES.finditer(part), left):
            around = part[max(0, match.start() - 400) : match.end() + 400]
            counts += [int(count) for count in _COUNT.findall(around)]
            left -= 1
        single += sum(1 for _ in _PAGE.finditer(part))
    # A count beyond the pages seen may belong to an outline; one below misses object streams.
    return max((n for n in counts if not single or n <= single), default=0) or single or None


def _object_streams(data: bytes) -> Iterator[bytes]:
    """Inflate what holds objects; what fails is charged as well, for it took its time."""
    left, view = _INFLATED_ALL, memoryview(data)
    for match in islice(_OBJECT_STREAM.finditer(data), _MAX_MATCHES):
        start = _STREAM.search(data, match.end(), match.end() + 400)
        if left <= 0:
            return
        if start is None:
            continue
        packed = view[start.end() : start.end() + min(left, _INFLATED_EACH)]
        left -= _LEAST_CHARGE
        try:
            part = zlib.decompressobj().decompress(packed, _INFLATED_EACH)
        except zlib.error:
            left -= _INFLATED_EACH
            continue
        left -= len(part)
        yield part
