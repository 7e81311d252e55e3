"""The frozen tables, held against the Unicode data of this Python."""

import sys
import unicodedata

from chatrepl.terminal.sanitize.tables import MARKS, UNSAFE, end_without, one_of, plain

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
