"""What the consoles decide."""

import io

import pytest
from rich.text import Text

from chatrepl.terminal.console import Appearance, takes_links, wants_color
from chatrepl.terminal.modes import speaks_utf8
from chatrepl.terminal.safe_console import open_console
from chatrepl.terminal.theme import THEMES


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environ", "color", "tty", "expected"),
    [
        (XTERM, "auto", True, True),
        (XTERM, "auto", False, False),
        (XTERM, "always", False, True),
        (XTERM, "never", True, False),
        (XTERM | {"NO_COLOR": "1"}, "auto", True, False),
        (XTERM | {"NO_COLOR": ""}, "auto", True, True),
        (XTERM | {"NO_COLOR": "1"}, "always", True, True),
        (XTERM | {"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", True, False),
        (XTERM | {"FORCE_COLOR": "1"}, "auto", False, True),
        (XTERM | {"FORCE_COLOR": "0"}, "auto", False, False),
        (XTERM | {"FORCE_COLOR": "1"}, "never", True, False),
        ({"TERM": "dumb"}, "auto", True, False),
        ({}, "auto", True, False),
    ],
)
def test_colour_follows_setting_then_environment_then_stream(
    environ: dict[str, str], color: str, tty: bool, expected: bool
) -> None:
    stream = Tty() if tty else io.StringIO()
    assert wants_color(stream, Appearance(environ, color)) is expected


@pytest.mark.parametrize(
    ("environ", "color", "written"),
    [
        (XTERM | {"COLORTERM": "truecolor"}, "#ff0001", "\x1b[1;38;2;255;0;1mx\x1b[0m\n"),
        (XTERM, "#ff0002", "\x1b[1;38;5;196mx\x1b[0m\n"),
        ({"TERM": "xterm"}, "#ff0003", "\x1b[1;31mx\x1b[0m\n"),
        (XTERM | {"NO_COLOR": "1"}, "#ff0004", "\x1b[1mx\x1b[0m\n"),
        ({"TERM": "dumb"}, "#ff0005", "x\n"),
    ],
)
def test_the_colours_are_those_that_the_terminal_has(
    environ: dict[str, str], color: str, written: str
) -> None:
    stream = Tty()
    open_console(stream, Appearance(environ)).print(
        Text("x", f"bold {color}")
    )  # rich keeps a style's codes
    assert stream.getvalue() == written


def test_a_pipe_gets_no_escape_sequence() -> None:
    stream = io.StringIO()
    console = open_console(stream, Appearance(XTERM))
    console.print(Text("x", "bold red"))
    console.show_cursor(show=False)
    assert stream.getvalue() == "x\n"


@pytest.mark.parametrize("theme", THEMES)
def test_names_of_the_theme_are_styles(theme: str) -> None:
    stream = Tty()
    console = open_console(stream, Appearance(XTERM, theme=THEMES[theme]))
    console.print("x", style="error")
    assert "\x1b[1" in stream.getvalue()


def test_markup_emoji_codes_and_numbers_are_plain_text() -> None:
    stream = Tty()
    open_console(stream, Appearance(XTERM)).print("[b]x[/c] :skull: 123 https://a.b")
    assert stream.getvalue() == "[b]x[/c] :skull: 123 https://a.b\n"


def test_a_stream_without_utf8_never_fails_and_loses_nothing() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    open_console(stream, Appearance({})).print("é\ud800")
    assert raw.getvalue() == b"\\xe9\\ufffd\n"


@pytest.mark.parametrize(
    ("encoding", "environ", "expected"),
    [
        ("utf-8", {}, True),
        ("UTF8", {"LANG": "de_DE.UTF-8"}, True),
        ("ascii", {}, False),
        ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ("utf-8", {"LC_CTYPE": "C.UTF-8"}, True),
        ("utf-8", {"LANG": "C.UTF-8"}, True),
    ],
)
def test_glyphs_beyond_ascii_need_an_encoding_and_a_locale(
    encoding: str, environ: dict[str, str], expected: bool
) -> None:
    assert speaks_utf8(io.TextIOWrapper(io.BytesIO(), encoding), environ) is expected


@pytest.mark.parametrize(
    ("environ", "takes"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4205"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "new"}, False),
        ({"TERM": "linux"}, False),
        ({}, False),
        ({"TERM": "screen-256color", "VTE_VERSION": "7600"}, False),
        *(
            ({"TMUX": "/tmp/x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": version}, takes)
            for version, takes in (("3.3a", False), ("3.4", True), ("next-3.6", True), ("x", False))
        ),
        ({"TMUX": "/tmp/x", "WT_SESSION": "x"}, False),
    ],
)
def test_links_go_where_they_are_known_to_be_taken(environ: dict[str, str], takes: bool) -> None:
    assert takes_links(environ) is takes
