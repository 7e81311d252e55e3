"""Nothing foreign gets through a console, whatever rich makes of it on the way."""

import io
import os
import re
import threading

import pytest
from hypothesis import given
from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.segment import Segment, Segments
from rich.style import Style
from rich.table import Table
from rich.text import Text

from chatrepl.terminal import safe_console
from chatrepl.terminal.console import Appearance
from chatrepl.terminal.safe_console import SafeConsole, open_console, self_test
from chatrepl.terminal.theme import DARK, LIGHT
from tests.cli.test_desk import TerminalText
from tests.terminal.sanitize.hostile import FORBIDDEN, Sample, samples, texts

OURS = re.compile(r"\x1b\[[\d;]*m")


def console(stream: io.StringIO) -> SafeConsole:
    return SafeConsole(
        file=stream, force_terminal=True, force_interactive=True, color_system="truecolor",
        width=80,
    )  # fmt: skip


def written(*renderables: object) -> str:
    stream = io.StringIO()
    for renderable in renderables:
        console(stream).print(renderable)
    return OURS.sub("", stream.getvalue())


@pytest.mark.parametrize(
    "sample", [s for s in samples() if len(s.text) < 6_000], ids=lambda sample: sample.name
)
def test_the_corpus_is_neutralised_on_every_way_through_rich(sample: Sample) -> None:
    table = Table(sample.text)
    table.add_row(sample.text)
    markdown = Markdown(sample.text, hyperlinks=True) if "<kbd>" not in sample.text else ""
    shown = written(
        sample.text, Text(sample.text, "red"), markdown, Panel(Text(sample.text)), table
    )
    assert not FORBIDDEN.search(shown)
    assert not sample.forbidden.search(shown)


@given(texts, texts)
def test_no_text_of_a_segment_drives_the_terminal(one: str, two: str) -> None:
    shown = written(Segments([Segment(one, Style(bold=True)), Segment(two)]))
    assert not FORBIDDEN.search(shown)


def test_a_cluster_that_styles_cut_in_two_stays_whole() -> None:
    pieces = [
        Segment("👩", Style(bold=True)),
        Segment("\u200d👩"),
        Segment("1\ufe0f"),
        Segment("\u20e3"),
    ]
    assert written(Segments(pieces)).startswith("👩\u200d👩1\ufe0f\u20e3")
    assert written(Segments([Segment("a\r"), Segment("\nb")])).startswith("a\nb")


def test_no_link_is_written() -> None:
    assert "\x1b]8" not in written(Text("x", Style(link="https://a.b/c")))


class Broken(io.StringIO):
    broken = True

    def write(self, text: str) -> int:
        if self.broken:
            raise UnicodeEncodeError("ascii", text, 0, 1, "no")
        return super().write(text)


def test_a_text_that_failed_is_not_written_again() -> None:
    stream = Broken()
    target = console(stream)
    with pytest.raises(UnicodeEncodeError):
        target.print("bad")
    stream.broken = False
    target.print("good")
    assert stream.getvalue() == "good\n"


def test_the_check_at_start_passes_and_fails_when_rich_goes_another_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    self_test()
    monkeypatch.setattr(safe_console.SafeConsole, "_render_buffer", Console._render_buffer)
    with pytest.raises(RuntimeError):
        self_test()


@pytest.mark.parametrize("term", ["dumb", "unknown", "xterm", ""])
@pytest.mark.parametrize("columns", [40, 120])
def test_a_terminal_is_as_wide_as_it_is_however_dumb(
    term: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda *_: os.terminal_size((columns, 20)))

    assert open_console(TerminalText(), Appearance({"TERM": term})).width == columns


def test_a_console_wears_another_theme_in_all_threads() -> None:
    console = open_console(TerminalText(), Appearance({"TERM": "xterm"}, theme=DARK))
    seen = [console.get_style("warning")]
    console.wear(Appearance({"TERM": "xterm"}, theme=LIGHT))
    thread = threading.Thread(target=lambda: seen.append(console.get_style("warning")))
    thread.start()
    thread.join()

    assert seen == [Style.parse(theme["warning"].for_rich()) for theme in (DARK, LIGHT)]
