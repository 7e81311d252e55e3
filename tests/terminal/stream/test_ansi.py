"""Rows as a terminal gets them."""

import io
import re

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from chatrepl.terminal.stream.ansi import RISKY, Ansi
from tests.terminal.stream.harness import Sink, console_on

RED, BLUE, BOLD = Style(color="red"), Style(color="blue"), Style(bold=True)


def encoded(*row: Segment, **options: str | None) -> str:
    return Ansi(console_on(Sink(), 80, 24, **options)).row(list(row))


def test_a_colour_takes_the_place_of_a_colour() -> None:
    row = [Segment("a", RED), Segment("b", BLUE), Segment("c", BOLD), Segment("d")]
    assert encoded(*row) == "\x1b[31ma\x1b[34mb\x1b[m\x1b[1mc\x1b[md"


def test_controls_are_made_visible_once_more() -> None:
    assert encoded(Segment("a\x1b[2Jb\x9bc")) == "a^[[2Jb<U+009B>c"


def test_a_link_is_written_around_its_text_and_ends_with_it() -> None:
    row = [Segment("a", RED), Segment("b", RED + Style(link="https://b.example")), Segment("c")]
    assert encoded(*row) == (
        "\x1b[31ma\x1b[m\x1b]8;;https://b.example\x1b\\\x1b[31mb\x1b[m\x1b]8;;\x1b\\c"
    )


@pytest.mark.parametrize("link", ["https://b\x1b\\\x1b[2J", "https://b\x07x", "https://b\x9c"])
def test_no_link_ends_before_its_end(link: str) -> None:
    written = encoded(Segment("a", Style(link=link)))
    assert re.fullmatch(r"\x1b\]8;;[^\x00-\x1f\x7f-\x9f]+\x1b\\a\x1b\]8;;\x1b\\", written)


@pytest.mark.parametrize(
    ("system", "code"), [("standard", "\x1b[31m"), ("256", "38;5;"), ("truecolor", "38;2;")]
)
def test_colours_are_those_of_the_terminal(system: str, code: str) -> None:
    color = "red" if system == "standard" else "#c02030"
    assert code in encoded(Segment("a", Style(color=color)), color_system=system)


def test_without_colours_there_are_no_escapes() -> None:
    plain = Ansi(Console(file=io.StringIO(), color_system=None))
    assert plain.row([Segment("a", BOLD + RED + Style(link="https://b.example"))]) == "a"
    mono = Ansi(Console(file=Sink(), force_terminal=True, color_system="standard", no_color=True))
    assert mono.row([Segment("a", BOLD + RED)]) == "\x1b[1ma\x1b[m"


def test_what_the_terminal_cannot_spell_is_replaced() -> None:
    class Latin(Sink):
        encoding = "latin-1"

    assert Ansi(console_on(Latin(), 80, 24)).row([Segment("é河")]) == "é?"


def test_emoji_sequences_are_risky_and_ordinary_scripts_are_not() -> None:
    assert all(RISKY.search(text) for text in ("👩‍💻", "⚠️", "🇩🇪", "☀"))
    assert not any(RISKY.search(text) for text in ("é", "河", "नमस्ते", "─│•▎"))
