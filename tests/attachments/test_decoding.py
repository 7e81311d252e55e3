import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.decoding import PlainText, UndecodableError, decode
from chatrepl.attachments.sniff import TEXT, sniff

LETTERS = st.text(st.characters(categories=("L", "N", "P")), min_size=1)
JAPANESE = "これは東京の地図です。テスト"
RUSSIAN = "Это русский текст для проверки того, как он читается."


@given(LETTERS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_unicode_that_says_so_is_read_as_it_is(content: str, encoding: str) -> None:
    decoded = decode(content.encode(encoding))

    assert decoded.text == content
    assert bool(decoded.note) == encoding.endswith(("16", "32"))


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("M\u00fcller", "latin-1", "Windows-1252"),
        (
            "\u201cNa\u00efve\u201d \u2013 5 \u20ac, s\u2019il te pla\u00eet",
            "cp1252",
            "Windows-1252",
        ),
        (JAPANESE, "shift_jis", "Shift-JIS"),
        (JAPANESE, "euc_jp", "EUC-JP"),
        (JAPANESE + "\n", "utf-16-le", "UTF-16"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        ("plain words\r\nin two rows", "utf-16-be", "UTF-16"),
        ("plain words", "utf-16-le", "UTF-16"),
        (
            "\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8\uc785\ub2c8\ub2e4. \uc778\ucf54\ub529",
            "euc_kr",
            "EUC-KR",
        ),
    ],
)
def test_other_encodings_are_told_by_what_they_hold(text: str, encoding: str, name: str) -> None:
    data = text.encode(encoding)

    assert sniff(data) is TEXT
    assert decode(data) == PlainText(text, f"not UTF-8, read as {name}")


def test_a_mark_goes_also_where_it_stands_twice() -> None:
    assert decode(b"\xef\xbb\xbf\xef\xbb\xbfx") == PlainText("x")


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (b"\xe9 \xe8 " * 6 + b"\x81", "é è " * 6 + "\ufffd", "Windows-1252"),
        ("Grüße, größer, süß".encode() + b"\xfc", "Grüße, größer, süß\ufffd", "not all UTF-8"),
        (b"a\xed\xa0\x80z", "a\ufffd\ufffd\ufffdz", "not all UTF-8"),
        (b"\xef\xbb\xbfx\0y", "x\ufffdy", "NUL"),
    ],
)
def test_damage_is_seen_and_said(data: bytes, text: str, note: str) -> None:
    decoded = decode(data)

    assert decoded.text == text
    assert note in decoded.note


def test_a_wide_text_that_ends_within_a_character_is_no_text() -> None:
    with pytest.raises(UndecodableError):
        decode(b"\xff\xfea\0b")


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        assert "\0" not in decode(data).text
    except UndecodableError:
        assert data


@given(st.binary(max_size=40), st.text(max_size=40))
def test_binary_data_is_not_taken_for_wide_text(data: bytes, text: str) -> None:
    framed = b"\0\0\1" + text.encode() + data

    assert sniff(framed) is not TEXT
