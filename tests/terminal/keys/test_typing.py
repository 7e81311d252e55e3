"""What was typed and what was pasted."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.terminal.keys.typing import Pasted, Stroke, Typing, pasted_text
from tests.terminal.keys.model import heard

BEGIN, END = "\x1b[200~", "\x1b[201~"


class Clock:
    """A terminal whose bytes come when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.typing = Typing(lambda: self.now)

    def hears(self, data: str | bytes, after: float = 1.0) -> list[Stroke]:
        self.now += after
        return self.typing.feed(data.encode() if isinstance(data, str) else data)


@pytest.mark.parametrize(
    ("read", "strokes"),
    [
        ("hello", ["hello"]),
        ("hello\r", ["hello", "\r"]),
        ("\rhello", ["\r", "hello"]),
        ("hello\r\n", ["hello", "\r"]),
        ("SELECT name\r\nFROM users\r\nLIMIT 3", [Pasted("SELECT name\nFROM users\nLIMIT 3")]),
        ("a\rb\r", [Pasted("a\nb\n")]),
        ("a\nb", [Pasted("a\nb")]),
        ("a\r\tb\x03\x04\r", [Pasted("a\n\tb\x03\x04\n")]),
        ("/clear\r/exit\r", [Pasted("/clear\n/exit\n")]),
        ("a\r\r\n\nb", [Pasted("a\n\n\nb")]),
        ("a\x1b[Ab\rc", [Pasted("a"), "\x1b[A", Pasted("b\nc", goes_on=True)]),
        ("a\rb\x1b[?1;2cd", [Pasted("a\nb"), Pasted("d", goes_on=True)]),
        ("\\\r\n", ["\n"]),
        ("\\\r", ["\n"]),
        ("\\\n", ["\n"]),
        ("a\\\r\n", ["a\\", "\r"]),
        ("\x1b\r", ["\x1b\r"]),
        ("ab\x00cd", ["ab", "cd"]),
    ],
)
def test_a_read_with_text_on_both_sides_of_a_line_end_is_a_paste(
    read: str, strokes: list[Stroke]
) -> None:
    assert Clock().hears(read) == strokes


@pytest.mark.parametrize(
    ("reads", "strokes"),
    [
        (["hi\n"], ["hi", "\r"]),
        (["hi", "\n"], ["hi", "\r"]),
        (["h", "i\n", "\n"], ["h", "i", "\r", "\n"]),
        (["hi\nyo"], [Pasted("hi\nyo")]),
        (["\n"], ["\r"]),
        (["abc\n"], ["abc", "\n"]),
    ],
)
def test_where_the_terminal_still_gathered_lines_their_end_is_enter(
    reads: list[str], strokes: list[Stroke]
) -> None:
    typing = Typing(lambda: 0.0, in_lines=3)
    assert [stroke for read in reads for stroke in typing.feed(read.encode())] == strokes


@pytest.mark.parametrize(
    ("read", "strokes"),
    [
        (f"{BEGIN}a\r\nb\rc{END}", [Pasted("a\r\nb\rc")]),
        (f"{BEGIN}a\rb{END}", [Pasted("a\nb")]),
        (f"{BEGIN}{END}", [Pasted("")]),
        (f"x{BEGIN}a{END}", ["x", Pasted("a")]),
        (f"{BEGIN}a{END}{BEGIN}b{END}", [Pasted("a"), Pasted("b")]),
        (f"{BEGIN}a{END}\r/clear\rb\r", [Pasted("a"), Pasted("\n/clear\nb\n")]),
        (f"{BEGIN}a{END}b{END}", [Pasted(f"a{END}b")]),
        (f"{BEGIN}a{END}b{END}\r", [Pasted(f"a{END}b"), Pasted("\n")]),
        (f"{BEGIN}a{END}\x1b\r\x1b[13u\x1b[111;5u", [Pasted("a"), "\n", "\n"]),
        (f"{BEGIN}\x1b]0;x\x07\x1b[A{END}", [Pasted("\x1b]0;x\x07\x1b[A")]),
        (f"\x1b]11;rgb{BEGIN}a{END}", [Pasted("a")]),
        (f"\x1b{BEGIN}a{END}", ["\x1b", Pasted("a")]),
        ("\x9b200~a\x9b201~", [Pasted("a")]),
        (f"{BEGIN}a{END}\x03\x04", [Pasted("a"), Pasted("\x03\x04")]),
        (END, [END]),
    ],
)
def test_a_paste_in_brackets_ends_where_its_burst_does(read: str, strokes: list[Stroke]) -> None:
    assert Clock().hears(read) == strokes


def test_a_paste_goes_on_until_there_was_silence() -> None:
    terminal = Clock()
    assert terminal.hears("one\rtwo") == [Pasted("one\ntwo")]
    assert terminal.hears("\r", 0.04) == [Pasted("\n", goes_on=True)]
    assert terminal.hears("\nthree\t\r", 0.04) == [Pasted("three\t\n", goes_on=True)]
    assert terminal.hears("\x1b[2;1R\x03\x0f", 0.04) == ["\x1b[2;1R", "\x03"]
    assert terminal.hears("\r", 0.06) == ["\r"]
    assert terminal.hears(f"{BEGIN}a{END}") == [Pasted("a")]
    assert terminal.hears("\r", 0.01) == [Pasted("\n")]
    terminal.now += 0.1
    terminal.typing.was_busy()
    assert terminal.hears("b\r", 0.01) == [Pasted("b\n", goes_on=True)]


def test_a_paste_whose_end_was_lost_ends_after_a_while() -> None:
    terminal = Clock()
    assert terminal.hears(f"{BEGIN}half \x1b[20") == []
    assert not terminal.typing.waits
    assert terminal.typing.silence() == []
    assert terminal.hears("x", 2) == []
    assert terminal.hears("y", 5) == [Pasted("half \x1b[20x"), "y"]


def test_a_sequence_that_never_ends_swallows_nothing_that_is_typed_after_a_pause() -> None:
    for begun in ("\x1b]11;rgb:", "\x1b[?6", "\x1bP>|x", "\x9d", "\x1b[M !"):
        terminal = Clock()
        assert terminal.hears(f"a{begun}") == ["a"]
        assert terminal.typing.waits
        assert terminal.hears("hello\r", 0.2) == ["hello", "\r"]


def test_an_answer_that_comes_in_two_reads_is_one() -> None:
    terminal = Clock()
    assert terminal.hears("\x1b]11;rgb:00/") == []
    assert terminal.hears("00/00\x1b", 0.02) == []
    assert terminal.hears("\\ok", 0.02) == ["ok"]


def test_a_lone_escape_waits_for_silence() -> None:
    terminal = Clock()
    assert terminal.hears("\x1b") == []
    assert terminal.typing.waits
    assert terminal.typing.silence() == ["\x1b"]
    assert terminal.hears("\x1b") == []
    assert terminal.hears("x") == ["\x1b", "x"]


def test_half_a_character_waits_for_the_rest() -> None:
    terminal = Clock()
    assert terminal.hears("日".encode()[:2]) == []
    assert terminal.hears("日".encode()[2:], 1.0) == ["日"]
    assert terminal.hears(b"\xff") == ["\udcff"]


def test_the_terminal_tells_that_it_knows_all_keys() -> None:
    terminal = Clock()
    assert not terminal.typing.extended
    assert terminal.hears("a\x1b[?0ub") == ["a", "b"]
    assert terminal.typing.extended


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("a\rb", "a\nb"),
        ("a\r\nb\rc", "a\r\nb\rc"),
        ("a\nb", "a\nb"),
        ("", ""),
        ("\t\x1b", "\t\x1b"),
    ],
)
def test_a_paste_is_changed_only_where_the_terminal_changed_it(data: str, text: str) -> None:
    assert pasted_text(data) == text


def pasted(strokes: Sequence[Stroke]) -> str:
    return "".join(stroke.text if isinstance(stroke, Pasted) else stroke for stroke in strokes)


@given(st.text(st.sampled_from("ab\x1b[201~\n\t\x00é\x9b😀")), st.lists(st.integers(0, 200)))
def test_a_paste_is_the_same_in_pieces_of_any_size(text: str, cuts: list[int]) -> None:
    strokes = heard(f"{BEGIN}\n{text}{END}", cuts)
    if "201~" not in text:
        assert strokes == [Pasted(f"\n{text}")]


@given(st.text(st.sampled_from("ab/\r\n\t é")), st.lists(st.integers(0, 200)))
def test_nothing_in_a_burst_is_sent_after_two_lines(text: str, cuts: list[int]) -> None:
    strokes = heard(f"one\rtwo{text}", [0, 7, *(cut + 8 for cut in cuts if cut + 8 < 200)][:1])
    assert "\r" not in strokes
    lines = f"one\rtwo{text}".replace("\r\n", "\n").replace("\r", "\n")
    assert pasted(strokes) == lines


def test_ten_megabytes_come_quickly_in_small_reads() -> None:
    import time

    text = "a line of text that is as long as most are\r\n" * 230_000
    data = f"{BEGIN}{text}{END}".encode()
    typing, strokes, begun = Typing(), [], time.process_time()
    for start, end in pairwise([*range(0, len(data), 4_000), len(data)]):
        strokes += typing.feed(data[start:end])
    assert strokes == [Pasted(text)]
    assert time.process_time() - begun < 20
