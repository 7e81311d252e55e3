"""One text twice, at once and as a stream, on emulated terminals."""

import io
from collections.abc import Callable, Iterable

from rich.console import Console

from chatrepl.terminal.markdown.document import Document, render
from chatrepl.terminal.markdown.look import DARK, Look
from chatrepl.terminal.stream.ansi import Ansi
from chatrepl.terminal.stream.painter import Painter
from tests.terminal.stream.emulator import Row, Terminal


class Sink(io.StringIO):
    """A terminal's file that keeps what is written."""

    encoding = "utf-8"

    def take(self) -> str:
        """What was written since the last call."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


class Clock:
    """Time that goes on when it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def console_on(file: io.StringIO, width: int, height: int, **options: str | None) -> Console:
    return Console(
        file=file,
        width=width,
        height=height,
        force_terminal=True,
        color_system=options.get("color_system", "truecolor"),  # type: ignore[arg-type]
        legacy_windows=False,
    )


def whole_output(text: str, width: int, height: int, look: Look = DARK) -> str:
    """What one write of the whole text is."""
    ansi = Ansi(console_on(Sink(), width, height))
    return "".join(ansi.row(row) + "\r\n" for row in render(text, width, look))


def whole_rows(text: str, width: int, height: int) -> list[Row]:
    terminal = Terminal(width, height)
    terminal.feed(whole_output(text, width, height))
    return terminal.rows()


def streamed(
    pieces: Iterable[str],
    width: int,
    height: int,
    *,
    step: float = 1.0,
    live: bool = True,
    after: Callable[[str, Painter], None] = lambda _output, _painter: None,
) -> str:
    """All that a stream of these pieces writes, with a frame at each one if `step` allows it."""
    sink, clock = Sink(), Clock()
    painter = Painter(console_on(sink, width, height), Document(DARK), clock=clock, live=live)
    out: list[str] = []
    for piece in pieces:
        clock.now += step
        painter.feed(piece)
        out.append(sink.take())
        after(out[-1], painter)
    painter.finish()
    out.append(sink.take())
    after(out[-1], painter)
    return "".join(out)


def faults(text: str, pieces: Iterable[str], width: int, height: int) -> list[str]:
    """What is wrong with a stream of the text: nothing, if all is well."""
    expected = whole_rows(text, width, height)
    terminal = Terminal(width, height)
    found: list[str] = []

    def check(output: str, _painter: Painter) -> None:
        terminal.feed(output)
        scrolled = terminal.scrollback()
        blank: list[Row] = [()] * len(scrolled)  # rows are compared without those at the end
        if scrolled != (expected + blank)[: len(scrolled)] and not found:
            found.append("the scrollback is wrong in mid-stream")

    streamed(pieces, width, height, after=check)
    rows = terminal.rows()
    if rows != expected:
        place = next(
            (i for i, (one, two) in enumerate(zip(rows, expected, strict=False)) if one != two),
            min(len(rows), len(expected)),
        )
        found.append(f"row {place}: {rows[place : place + 1]} for {expected[place : place + 1]}")
    return found
