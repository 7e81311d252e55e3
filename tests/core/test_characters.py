"""The frozen tables, held against the Unicode data of this Python."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.characters import (
    MARKS,
    UNSAFE,
    end_without,
    is_unseen,
    one_of,
    plain,
    without_hidden,
)

KEPT_FORMATS = "600-605 6DD 70F 890-891 8E2 110BD 110CD 13430-1343F"
EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]


def test_every_control_and_format_character_is_unsafe_or_kept_on_purpose() -> None:
    dangerous = [c for c in EVERY_CHARACTER if unicodedata.category(c) in {"Cc", "Cf", "Cs"}]
    passed = {c for c in dangerous if not one_of(UNSAFE).match(c)}
    assert passed == {"\t", "\n"} | {c for c in dangerous if one_of(KEPT_FORMATS).match(c)}


def test_no_letter_number_punctuation_or_symbol_is_unsafe() -> None:
    fillers = "\u115f\u1160\u3164\uffa0"
    shown = [c for c in EVERY_CHARACTER if unicodedata.category(c)[0] in "LNPS"]
    assert [c for c in shown if one_of(UNSAFE).match(c) and c not in fillers] == []


def test_every_combining_mark_is_in_one_of_the_tables() -> None:
    marks = [c for c in EVERY_CHARACTER if unicodedata.category(c) in {"Mn", "Me"}]
    assert [c for c in marks if not (one_of(MARKS).match(c) or one_of(UNSAFE).match(c))] == []


def test_the_fast_path_takes_nothing_that_another_table_wants() -> None:
    wanted = one_of(f"{UNSAFE} {MARKS} 2028-2029")
    assert [c for c in EVERY_CHARACTER if plain().fullmatch(c) and wanted.match(c)] == []


def test_the_end_without_marks_is_before_the_last_letters_marks() -> None:
    assert end_without(MARKS, "ae\u0301\u0302") == 2
    assert end_without(MARKS, "\u0301") == 0
    assert end_without(MARKS, "ae\u0301x", 3) == 2


@pytest.mark.parametrize(
    "text",
    [
        "plain words\n\twith a tab\r\nand \fpages\rand lines\u2028 of all kinds\u2029",
        "👩\u200d🚀 👩🏽\u200d🚀 ❤\ufe0f 🏳\ufe0f\u200d🌈 #\ufe0f\u20e3 ☎\ufe0e",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم क्\u200dष র\u200d্য",  # ZWNJ in Persian, ZWJ in Indic scripts
        "葛\U000e0100城 \u1820\u180b",  # variants of ideographs and Mongolian letters
        "שלום\u200f! \u200eעברית \u061cعربي",
        "ភាសា\u200bខ្មែរ ไทย\u200bไทย",
        "naïve e\u0301 عَرَبِيّ हिन्दी",
    ],
)
def test_what_spelling_needs_is_not_hidden(text: str) -> None:
    assert without_hidden(text) == (text, 0)


@pytest.mark.parametrize(
    ("text", "clean", "count"),
    [
        ("a\u200bb", "ab", 1),
        ("a\u200db\u200cc", "abc", 2),
        ("pass\u00adword", "password", 1),
        ("in\u202egnp.exe\u202c", "ingnp.exe", 2),
        ("\u2066if\u2069", "if", 2),
        ("hi\U000e0069\U000e0067\U000e006e", "hi", 3),
        ("a\ufe0fb", "ab", 1),
        ("x\U000e0100\U000e0101\U000e0102", "x", 3),
        ("a\ufeffb", "ab", 1),
        ("left\u200e to right", "left to right", 1),
        ("\x00\x08\x7f\x9b2J", "\x002J", 3),
        ("\x1b[1;31mred\x1b[0m", "red", 2),
        ("\x1b]8;;https://h\x1b\\link\x1b]8;;\x1b\\", "link", 2),
        ("\x1b]0;title\x07text\x1b(B", "text", 2),
        ("\x1bHello \x1b]unclosed", "Hello ]unclosed", 2),
        ("a\x00\r\x08b\x08\fc", "a\x00\rb\fc", 2),
        ("👩\u200d\u200d🚀", "👩🚀", 2),
        ("\ue000 private, and \ufffe none", "\ue000 private, and  none", 1),
    ],
)
def test_what_nobody_sees_is_left_out_and_counted(text: str, clean: str, count: int) -> None:
    assert without_hidden(text) == (clean, count)


@given(st.text(st.characters(codec=None)))
def test_what_is_left_hides_nothing_but_what_was_counted(text: str) -> None:
    clean, count = without_hidden(text)
    assert (clean == text) == (count == 0)
    assert len(clean) <= len(text)
    assert "\x1b" not in clean


@pytest.mark.parametrize("piece", ["\x1b]", "\x1b[", "\x1b[1", "\u200d", "\u200d👩", "\x1b]a\x1b"])
def test_a_text_of_nothing_else_is_cleaned_at_once(piece: str) -> None:
    clean, count = without_hidden(piece * 200_000)
    assert count
    assert "\x1b" not in clean


@pytest.mark.parametrize(
    "char", [*"\t\n \u00a0\u2003\u2028\u2800\u3000", *"\x00\x1b\u00ad\u200b\u2060"]
)
@pytest.mark.parametrize("around", ["{}", " {}\n", "{}\ufeff{}\u3164", "\u202e{}\U000e0041"])
def test_what_holds_no_ink_is_unseen(char: str, around: str) -> None:
    assert is_unseen(around.format(char, char))


@given(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1))
def test_one_letter_is_seen_among_all_that_is_not(text: str) -> None:
    fillers = "\u115f\u1160\u3164\uffa0\u2800"
    assert is_unseen(f"\u200b {text}") is (not text.strip(fillers))


def test_halves_of_a_character_are_seen() -> None:
    assert not is_unseen("\ud83d\ude00")
    assert is_unseen("")
