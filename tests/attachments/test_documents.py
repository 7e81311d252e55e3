import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.documents import DecodedText, read_pdf, read_text
from chatrepl.core.errors import AttachmentError
from tests.attachments.pictures import pdf

LIMIT = 1_000_000
LETTERS = st.text(st.characters(categories=("L", "N", "P")), min_size=1)


def text(data: bytes) -> DecodedText:
    return read_text(data, "notes.txt", LIMIT)


@given(LETTERS, st.sampled_from(["utf-8", "utf-8-sig"]))
def test_unicode_text_is_read_as_it_is(content: str, encoding: str) -> None:
    assert text(content.encode(encoding)) == DecodedText(content, "")


def test_other_text_is_read_with_a_note() -> None:
    read = text("größer".encode("latin-1"))
    assert read.text == "größer"
    assert "Windows-1252" in read.note


def test_a_damaged_wide_text_is_refused() -> None:
    with pytest.raises(AttachmentError, match="damaged"):
        text(b"\xff\xfea\0b")


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\U000e0041", "\x1b", "\x9b", "\u2066"])
def test_hidden_characters_are_counted_and_left_out_unless_asked_for(hidden: str) -> None:
    data = f"one{hidden}two{hidden}".encode()
    assert text(data) == DecodedText("onetwo", "2 hidden characters left out")
    read = read_text(data, "notes.txt", LIMIT, keep_hidden=True)
    assert read == DecodedText(data.decode(), "contains 2 hidden characters")
    assert text(f"one{hidden}".encode()).note == "1 hidden character left out"


def test_a_text_that_nobody_sees_is_empty() -> None:
    with pytest.raises(AttachmentError, match="empty"):
        text("\u200b\u202e\U000e0041".encode())


def test_emoji_and_line_ends_hide_nothing() -> None:
    assert text("👩‍🚀 ❤️\r\n\tdone\n".encode()) == DecodedText("👩‍🚀 ❤️\n\tdone\n", "")


@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_text_is_refused(data: bytes) -> None:
    with pytest.raises(AttachmentError, match="empty"):
        text(data)


def test_a_text_above_the_limit_is_refused() -> None:
    with pytest.raises(AttachmentError, match="too large") as caught:
        text(b"x" * (LIMIT + 1))
    assert caught.value.exit_code == 5


@given(st.integers(1, 40))
def test_the_pages_of_a_pdf_are_counted(pages: int) -> None:
    assert read_pdf(pdf(pages), "a.pdf", LIMIT, 600) == pages


def test_an_outline_does_not_count_as_pages() -> None:
    outline = b"\n9 0 obj <</Type /Outlines /Count 99>> endobj"
    assert read_pdf(pdf(2, outline), "a.pdf", LIMIT, 600) == 2


def test_pages_in_packed_objects_are_counted() -> None:
    packed = zlib.compress(b"2 0 <</Type/Pages/Count 7/Kids[3 0 R]>>")
    data = (
        b"%PDF-1.5\n1 0 obj <</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length "
        + b"%d>>\nstream\n%s\nendstream endobj\nstartxref\n9\n%%%%EOF" % (len(packed), packed)
    )
    assert read_pdf(data, "a.pdf", LIMIT, 600) == 7


def test_a_linear_pdf_tells_its_pages_at_once() -> None:
    data = b"%PDF-1.5\n1 0 obj <</Linearized 1/L 99/N 12/O 3>> endobj\nstartxref\n9\n%%EOF"
    assert read_pdf(data, "a.pdf", LIMIT, 600) == 12


def test_a_pdf_may_keep_its_number_of_pages_to_itself() -> None:
    assert read_pdf(b"%PDF-1.5\nstartxref\n9\n%%EOF", "a.pdf", LIMIT, 600) is None


@pytest.mark.parametrize("mark", [b"/Encrypt 5 0 R", b"/Encrypt<</V 4>>", b"/Encrypt  12 0 R"])
def test_an_encrypted_pdf_is_refused(mark: bytes) -> None:
    with pytest.raises(AttachmentError, match="encrypted"):
        read_pdf(pdf(1, b"\ntrailer <<" + mark + b">>"), "a.pdf", LIMIT, 600)


def test_a_truncated_pdf_is_refused() -> None:
    with pytest.raises(AttachmentError, match="incomplete"):
        read_pdf(pdf()[:60], "a.pdf", LIMIT, 600)


def test_a_pdf_above_a_limit_is_refused() -> None:
    for size, pages in ((50, 600), (LIMIT, 2)):
        with pytest.raises(AttachmentError, match="too large") as caught:
            read_pdf(pdf(3), "a.pdf", size, pages)
        assert caught.value.exit_code == 5


@given(st.binary(max_size=400))
def test_any_pdf_is_read_or_refused(tail: bytes) -> None:
    for data in (b"%PDF-1.5 /Type /ObjStm >>stream\n" + tail, pdf(1, tail)):
        try:
            read_pdf(data, "a.pdf", LIMIT, 600)
        except AttachmentError:
            continue


@pytest.mark.parametrize("packed", [b"\0" * 900_000, b"/Type/Pages" * 400, b"a"])
@pytest.mark.parametrize("end", [b"", b"\xff" * 9])
def test_packed_objects_are_unpacked_up_to_a_bound_whether_or_not_it_fails(
    packed: bytes, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = zlib.compress(packed, 9)
    stream = b"<</Type/ObjStm>>stream\n" + (body[:-7] + end if end else body) + b"\nendstream\n"
    calls = []
    inflater = zlib.decompressobj

    def counting() -> object:
        calls.append(1)
        return inflater()

    monkeypatch.setattr(zlib, "decompressobj", counting)
    read_pdf(b"%PDF-1.5\n" + stream * 6_000 + b"startxref", "x.pdf", 1 << 25, 600)
    most = 32 if len(packed) > 100_000 else 4_100
    assert 0 < len(calls) <= most
