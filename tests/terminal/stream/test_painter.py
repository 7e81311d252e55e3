"""Frames, status, stops and starts."""

import pytest
from rich.text import Text

from chatrepl.terminal.markdown.document import Document
from chatrepl.terminal.markdown.look import DARK
from chatrepl.terminal.modes import ERASE_BELOW
from chatrepl.terminal.stream.painter import Painter
from tests.terminal.stream.emulator import Terminal, text_of
from tests.terminal.stream.harness import Clock, Sink, console_on, streamed, whole_rows
from tests.terminal.stream.texts import Writer


class Scene:
    """A painter on an emulated terminal."""

    def __init__(self, width: int = 40, height: int = 8, *, live: bool = True) -> None:
        self.sink, self.clock, self.terminal = Sink(), Clock(), Terminal(width, height)
        self.console = console_on(self.sink, width, height)
        self.painter = Painter(self.console, Document(DARK), clock=self.clock, live=live)

    def feed(self, text: str, seconds: float = 1.0) -> None:
        self.clock.now += seconds
        self.painter.feed(text)

    def rows(self) -> list[str]:
        self.terminal.feed(self.sink.take())
        return [text_of(row) for row in self.terminal.rows()]


def test_the_first_delta_is_painted_at_once() -> None:
    scene = Scene()
    scene.feed("Hello", 0.0)
    assert scene.rows() == ["Hello"]


def test_no_more_frames_are_painted_than_are_asked_for() -> None:
    scene = Scene()
    writes = 0
    for _ in range(100):
        scene.feed("word ", 0.01)
        writes += bool(scene.sink.take())
    assert writes <= 21


def test_what_came_between_frames_is_painted_by_the_timer() -> None:
    scene = Scene()
    scene.feed("one", 0.0)
    scene.feed(" two", 0.0)
    assert scene.rows() == ["one"]
    wait = scene.painter.wait()
    assert wait == pytest.approx(0.05)
    scene.clock.now += 0.05
    scene.painter.tick()
    assert scene.rows() == ["one two"]
    assert scene.painter.wait() is None


def test_the_status_stands_below_and_leaves_nothing_behind() -> None:
    scene = Scene()
    scene.painter.status(Text("waiting 1 s", "dim"))
    scene.feed("")
    assert scene.rows() == ["waiting 1 s"]
    scene.feed("Hello\n\nyou")
    assert scene.rows() == ["Hello", "", "you", "", "waiting 1 s"]
    scene.painter.status(Text("x" * 100))
    scene.feed("!")
    assert scene.rows() == ["Hello", "", "you!", "", "x" * 40]
    scene.painter.finish()
    assert scene.rows() == ["Hello", "", "you!"]
    assert scene.terminal.cursor == (3, 0)


def test_the_open_block_is_never_as_high_as_the_screen() -> None:
    scene = Scene(20, 6)
    scene.painter.status(Text("status"))
    for _ in range(60):
        scene.feed("some more words ")
        scene.rows()
        scrolled = " ".join(map(text_of, scene.terminal.scrollback()))
        assert ("some more words " * 60).startswith(scrolled)
        assert scene.terminal.cursor[0] < 5 or scrolled
    scene.painter.finish()
    assert " ".join(scene.rows()).split() == ["some", "more", "words"] * 60


def test_finishing_is_final() -> None:
    scene = Scene()
    scene.feed("a *b*")
    scene.painter.finish()
    scene.feed("more")
    scene.painter.finish()
    scene.painter.abort()
    assert scene.rows() == ["a b"]


def test_an_empty_reply_paints_nothing() -> None:
    scene = Scene()
    scene.painter.finish()
    assert scene.sink.take() == ""


def test_aborting_keeps_what_is_shown() -> None:
    scene = Scene()
    scene.painter.status(Text("status"))
    scene.feed("one\n\ntwo **th")
    scene.painter.feed("ree** more")
    scene.painter.abort()
    assert scene.rows() == ["one", "", "two th"]
    assert scene.terminal.cursor == (3, 0)


def test_without_live_rows_only_what_is_final_is_written() -> None:
    scene = Scene(live=False)
    scene.feed("one\n\ntwo")
    assert scene.rows() == ["one"]
    scene.painter.finish()
    assert scene.rows() == ["one", "", "two"]
    assert "\x1b[?" not in streamed(["a\n\nb"], 40, 8, live=False)


def test_a_stopped_program_leaves_no_live_rows_and_goes_on_below() -> None:
    scene = Scene()
    scene.feed("one\n\ntwo")
    scene.painter.suspend()
    assert scene.rows() == ["one"]
    scene.feed(" three")
    assert scene.rows() == ["one"]
    scene.terminal.feed("$ ls\r\n")
    scene.painter.resume()
    scene.painter.tick()
    assert scene.rows() == ["one", "$ ls", "", "two three"]


def test_a_window_that_changes_gets_the_open_block_anew() -> None:
    scene = Scene(40, 8)
    scene.feed("done\n\n" + "word " * 10)
    scene.rows()
    scene.console.width = 60
    scene.feed("more")
    output = scene.sink.take()
    assert output.startswith(f"\x1b[?2026h\r\x1b[2A{ERASE_BELOW}")
    assert output.count("word") == 10


def test_a_write_that_was_interrupted_is_mended() -> None:
    scene = Scene()
    scene.feed("one")
    scene.rows()

    def interrupted(_text: str) -> int:
        raise KeyboardInterrupt

    write, scene.sink.write = scene.sink.write, interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        scene.feed(" two")
    scene.sink.write = write  # type: ignore[method-assign]
    scene.painter.finish()
    output = scene.sink.take()
    assert output.startswith("\x1b[?7h\x1b[?2026l\x1b[0m\r\n")
    scene.terminal.feed(output)
    assert scene.rows() == ["one", "one two"]


def test_a_burst_is_worked_off_in_slices() -> None:
    text = Writer(1).mixed(30_000)
    scene = Scene(100, 30)

    def slow() -> float:
        scene.clock.now += 0.01
        return scene.clock.now

    scene.painter = Painter(scene.console, Document(DARK), clock=slow)
    scene.painter.feed(text)
    frames = 0
    while scene.painter.wait() is not None:
        scene.painter.tick()
        frames += 1
    assert frames > 1
    scene.painter.finish()
    scene.terminal = Terminal(100, 30)
    scene.rows()
    assert scene.terminal.rows() == whole_rows(text, 100, 30)
