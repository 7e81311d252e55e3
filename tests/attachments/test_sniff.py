import gzip
from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.sniff import (
    AVIF,
    BINARY,
    EMPTY,
    GIF,
    HEIC,
    JPEG,
    PDF,
    PNG,
    SVG,
    TEXT,
    WEBP,
    FileKind,
    FileType,
    looks_binary,
    sniff,
)
from tests.attachments.pictures import pdf, picture, saved

READABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)


def zipped(name: str) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (saved(picture(9, 9), "JPEG"), JPEG),
        (saved(picture(9, 9), "PNG"), PNG),
        (saved(picture(9, 9), "GIF"), GIF),
        (saved(picture(9, 9), "WEBP"), WEBP),
        (pdf(), PDF),
        (b"\xef\xbb\xbf\n" + pdf(), PDF),
        (b"", EMPTY),
        (b"plain", TEXT),
        ("größer".encode("utf-16"), TEXT),
        ("größer".encode("utf-8-sig"), TEXT),
        ("größer".encode("latin-1"), TEXT),
        (b"<svg xmlns='x'/>", SVG),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- <b> --><!DOCTYPE svg>\n<svg>", SVG),
        (b"<html><svg></svg></html>", TEXT),
        (b"<?xml never ends", TEXT),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", HEIC),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", AVIF),
        (b"\0\1\2\3" * 40, BINARY),
    ],
)
def test_the_first_bytes_tell_the_type(data: bytes, found: FileType) -> None:
    assert sniff(data) == found


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (saved(picture(9, 9), "JPEG2000"), "JPEG 2000"),
        (b"II*\0\x10\0\0\0CR\2\0", "raw photo"),
        (zipped("a.txt"), "ZIP"),
        (zipped("word/document.xml"), "office document"),
        (zipped("xl/workbook.xml"), "office document"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\x7fELF\2\1\1\0", "program"),
        (b"MZ\x90\0\3\0\0\0", "program"),
        (b"SQLite format 3\0", "database"),
        (b"ID3\4\0\0\0\0\0\0", "sound"),
        (b"RIFF\0\0\0\0WAVEfmt ", "sound"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office document"),
    ],
)
def test_what_cannot_be_sent_is_named(data: bytes, name: str) -> None:
    found = sniff(data)
    assert found.kind is FileKind.UNSUPPORTED
    assert name in found.name


@pytest.mark.parametrize("form", ["BMP", "TIFF", "ICO", "AVIF"])
def test_pictures_that_are_converted_are_pictures(form: str) -> None:
    found = sniff(saved(picture(16, 16), form))
    assert (found.kind, found.name) == (FileKind.IMAGE, form)


@pytest.mark.parametrize("text", ["MZ is no program", "BMW", "BZh", "ID3 tags", "OggS", "PKZIP"])
def test_a_text_may_begin_like_a_program(text: str) -> None:
    assert sniff(text.encode()) is TEXT


@given(READABLE, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
def test_readable_text_is_never_taken_for_binary(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    if encoding != "utf-16-le":
        assert not looks_binary(data)


@given(st.binary(max_size=300))
def test_any_bytes_have_a_type(data: bytes) -> None:
    found = sniff(data)
    assert found.name
    assert bool(found.media_type) == (found.kind is not FileKind.UNSUPPORTED)


@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]), st.binary(max_size=100))
def test_what_follows_a_picture_does_not_change_its_type(form: str, tail: bytes) -> None:
    data = saved(picture(5, 5), form)
    assert sniff(data + tail).name.upper() == form


@given(READABLE, READABLE)
def test_a_nul_makes_a_file_binary(before: str, after: str) -> None:
    data = b"some " + before.encode() + b"\0" + after.encode()
    assert sniff(data).kind in {FileKind.UNSUPPORTED, FileKind.PDF}
