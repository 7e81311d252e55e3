"""Bytes of a text in whatever encoding it has: what a file and what standard input hold."""

import codecs
import re
from collections.abc import Mapping
from typing import Final

from chatrepl.attachments.sniff import wide_encoding
from chatrepl.core.value import frozen

_SAMPLE_BYTES: Final = 65_536  # what is looked at to tell an encoding
_CANDIDATES: Final = (
    "cp1252", "cp932", "euc_jp", "gb18030", "euc_kr", "big5", "cp1251", "koi8_r", "cp1250",
    "cp1253", "cp1254", "cp1255", "cp1256", "cp874",
)  # fmt: skip
_NAMES: Final[Mapping[str, str]] = {
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "gb18030": "GB 18030",
    "euc_kr": "EUC-KR",
    "cp949": "EUC-KR",
    "big5": "Big5",
    "koi8_r": "KOI8-R",
}
_READ_AS: Final = "not UTF-8, read as {}"
# Western letters and punctuation stand alone or in twos between ASCII; other scripts in long runs.
_UTF8: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_WESTERN: Final = re.compile(rb"[\x80\x85\x91-\x97\xa0-\xff]{1,2}")


class UndecodableError(ValueError):
    """The bytes are no text; the words complete "it cannot be read: …"."""


@frozen
class PlainText:
    """A text, and what is to be said of how it was read: words that follow "it is"."""

    text: str
    note: str = ""


def decode(data: bytes) -> PlainText:
    """Decode a text, without its byte order mark. Raises `UndecodableError`."""
    try:
        decoded = _unicode(data) or _legacy(data)
    except UnicodeDecodeError:
        raise UndecodableError("its text is damaged") from None
    text, note = decoded.text.lstrip("\ufeff"), decoded.note
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
        note = f"{note or 'not all text'}; NUL became U+FFFD"
    return PlainText(text, note)


def _unicode(data: bytes) -> PlainText | None:
    """Decode what says or shows that it is Unicode; None for what is none."""
    if wide := wider_unicode(data):
        return PlainText(data.decode(wide), _READ_AS.format(wide[:6].upper()))
    try:
        return PlainText(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def wider_unicode(data: bytes) -> str:
    """Name the UTF-16 or UTF-32 that a text says or shows to be in; empty for all else."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return wide_encoding(data[:_SAMPLE_BYTES])


def legacy_encoding(data: bytes) -> tuple[str, str]:
    """Tell the encoding of a text that is no Unicode, and what is to be said of it."""
    sample = data[: data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1] or data[:_SAMPLE_BYTES]
    encoding = _told(sample)
    name = _NAMES.get(encoding, encoding.replace("cp", "Windows-"))
    return encoding, "not all UTF-8" if encoding == "utf-8" else _READ_AS.format(name)


def _legacy(data: bytes) -> PlainText:
    encoding, note = legacy_encoding(data)
    try:
        return PlainText(data.decode(encoding), note)
    except UnicodeDecodeError:  # a few bytes that belong to no encoding, or to another
        return PlainText(data.decode(encoding, "replace"), f"{note}; damage became U+FFFD")


def _told(sample: bytes) -> str:
    """Tell the encoding of a sample that is not all UTF-8."""
    runs = _HIGH.findall(sample)
    total = sum(map(len, runs))
    if sum(map(len, _UTF8.findall(sample))) * 2 > total:
        return "utf-8"
    if sum(len(run) for run in runs if _WESTERN.fullmatch(run)) * 10 >= 9 * total:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_CANDIDATES), enable_fallback=False).best()
    return best.encoding if best is not None else "cp1252"
