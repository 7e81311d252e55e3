"""From one state of the live rows to the next."""

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from chatrepl.terminal.markdown.wrap import Row, width_of_row
from chatrepl.terminal.stream.ansi import Ansi
from chatrepl.terminal.stream.screen import Screen
from tests.terminal.stream.emulator import Terminal, erases_unseen, text_of
from tests.terminal.stream.harness import Sink, console_on

WIDTH, HEIGHT = 10, 6
CELLS = st.lists(
    st.tuples(
        st.sampled_from(["a", "bc", "河", "⚠️", " ", "x" * 5]),
        st.sampled_from([None, Style(bold=True)]),
    ),
    max_size=4,
)


def row_of(cells: list[tuple[str, Style | None]]) -> Row:
    row: Row = []
    for text, style in cells:
        if width_of_row(row) + width_of_row([Segment(text)]) <= WIDTH:
            row.append(Segment(text, style))
    while row and row[-1].text == " ":
        row.pop()
    return row


def place(terminal: Terminal) -> int:
    """The cursor's row, counted from the first ever."""
    return len(terminal.scrollback()) + terminal.cursor[0]


def on(sink: Sink, width: int, height: int) -> Screen:
    def write(text: str) -> None:
        sink.write(text)

    return Screen(write, Ansi(console_on(sink, width, height)))


ROWS = st.lists(CELLS.map(row_of), max_size=HEIGHT - 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ROWS, ROWS), min_size=1, max_size=6))
def test_the_screen_shows_what_is_final_and_what_is_live(
    frames: list[tuple[list[Row], list[Row]]],
) -> None:
    sink = Sink()
    screen = on(sink, WIDTH, HEIGHT)
    terminal, plain, final = Terminal(WIDTH, HEIGHT), Ansi(console_on(sink, WIDTH, HEIGHT)), ""
    for finished, live in frames:
        screen.paint(finished, live, WIDTH)
        output = sink.take()
        assert erases_unseen(output)
        terminal.feed(output)
        final += "".join(plain.row(row) + "\r\n" for row in finished)
        expected = Terminal(WIDTH, HEIGHT)
        expected.feed(final + "\r\n".join(plain.row(row) for row in live))
        assert terminal.rows() == expected.rows()
        scrolled = terminal.scrollback()
        assert scrolled == (expected.scrollback() + expected.visible())[: len(scrolled)]
        assert place(terminal) == place(expected)


def test_a_row_that_grows_is_only_added_to() -> None:
    sink = Sink()
    screen = on(sink, 40, 9)
    screen.paint([], [[Segment("some")]], 40)
    assert sink.take() == "some"
    screen.paint([], [[Segment("some text")]], 40)
    assert sink.take() == " text"
    screen.paint([], [[Segment("some text")]], 40)
    assert sink.take() == ""


def test_live_rows_are_taken_off_whatever_the_width_is_now() -> None:
    sink = Sink()
    screen = on(sink, 40, 9)
    screen.paint([[Segment("kept")]], [[Segment("x" * 30)], [Segment("y")]], 40)
    sink.take()
    screen.clear(10, 9)
    assert "\x1b[3A" in sink.take()
    screen.clear(10, 9)
    assert sink.take() == ""


def test_forgetting_leaves_the_rows_where_they_are() -> None:
    terminal, sink = Terminal(20, 5), Sink()
    screen = on(sink, 20, 5)
    screen.paint([], [[Segment("live")]], 20)
    screen.forget()
    screen.paint([[Segment("next")]], [], 20)
    terminal.feed(sink.take())
    assert [text_of(row) for row in terminal.rows()] == ["live", "next"]
