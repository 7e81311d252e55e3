"""Foreign text as it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.characters import MARKS, one_of
from chatrepl.terminal.sanitize.text import display, join_surrogates, one_line, pipe
from tests.terminal.sanitize.hostile import FORBIDDEN, Sample, samples, texts


@given(texts)
def test_nothing_that_drives_a_terminal_or_hides_is_left(text: str) -> None:
    assert not FORBIDDEN.search(display(text))


@given(texts)
def test_showing_twice_changes_nothing(text: str) -> None:
    assert display(display(text)) == display(text)


@given(texts)
def test_what_is_shown_can_always_be_encoded(text: str) -> None:
    for shown in (display(text), one_line(text), pipe(text)):
        assert shown.encode().decode() == shown


@given(st.text("abc xyz.,;é日本語\n\t"))
def test_plain_text_is_kept_as_it_is(text: str) -> None:
    assert display(text) == pipe(text) == text


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_the_corpus_is_neutralised_and_what_is_neutral_survives(sample: Sample) -> None:
    shown = display(sample.text)
    assert not sample.forbidden.search(shown)
    assert sample.required.search(shown)
    if sample.neutral:
        assert shown == sample.text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        "❤\ufe0f", "1\ufe0f\u20e3", "👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈",
        "🏃🏽\u200d♀\ufe0f", "▶\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "🇩🇪", "می\u200cخواهم",
        "क\u094d\u200dष", "র\u200d\u09cdয", "葛\U000e0100", "e\u0301", "שָׁלוֹם",
        "ส็้", "\u1820\u180b", "\u0600١",
    ],
)  # fmt: skip
def test_legitimate_spelling_survives_byte_for_byte(text: str) -> None:
    assert display(f"x {text} y") == f"x {text} y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a^[[31mb"),
        ("a\r\nb\rc\r", "a\nb^Mc^M"),
        ("\x07" * 100_000, "^Gx100000"),
        ("\u200b" * 9, "<U+200Bx9>"),
        ("pass\u200dword", "pass<U+200D>word"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"),
        ("".join(chr(0xE0000 + ord(c)) for c in "obey"), '<hidden:"obey" x4>'),
        ("e" + "\u0301" * 100, "e" + "\u0301" * 8 + "<+92 marks>"),
        ("\x01\x02" * 50, "^A^B" * 20 + "<+60 more>"),
        ("\ufeffa\ufffe", "<U+FEFF>a\ufffd"),
        ("क" + "\u094d\u200d" * 3, "क\u094d<U+200D>\u094d<U+200D>\u094d<U+200D>"),
    ],
)  # fmt: skip
def test_what_is_hidden_is_made_visible(text: str, shown: str) -> None:
    assert display(text) == shown


@given(texts)
def test_a_base_never_carries_more_marks_than_the_limit(text: str) -> None:
    shown = display(text + "\u0301" * 30)
    assert not one_of(MARKS).match(shown[-1])


@given(texts, st.integers(1, 40))
def test_one_line_is_one_line_and_short(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert "\t" not in line
    assert not FORBIDDEN.search(line)


def test_one_line_shows_line_breaks_and_where_it_was_cut() -> None:
    assert one_line("a\nb\tc") == "a^Jb c"
    assert one_line("x" * 300) == "x" * 199 + "…"
    assert one_line("👩\u200d👩", 3) == "👩\u200d👩"
    assert one_line("👩\u200d👩\u200d👩", 3) == "👩…"


def test_a_pipe_gets_visible_controls_and_everything_else_as_it_is() -> None:
    assert pipe("a\x1b[31m\x9b\x7f\r\nb\rc") == "a^[[31m<U+009B>^?\r\nb^Mc"
    assert pipe("x\u202e\u200b\ufeff\U000e0041") == "x\u202e\u200b\ufeff\U000e0041"
    assert pipe("\ud800") == "\ufffd"


def test_surrogate_halves_are_joined() -> None:
    assert join_surrogates("a\ud83d\ude00b\ude00") == "a😀b\ude00"
