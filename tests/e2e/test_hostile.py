"""Nothing in a foreign text reaches the terminal but its picture, on whatever way it comes in.

Nine ways: reply, thinking, code block, error body, file name, shown file, paste echo, model id,
stored text. The views, the speaker and the prompt are the real ones; what they write is caught.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.errors import ChatreplError
from chatrepl.core.exchange.reply import Remark, RetryWait, StreamEvent, TextDelta, ThinkingDelta
from chatrepl.core.outcome import Exactly, Notice, Page, Table
from chatrepl.terminal.prompt.line_editor import fit
from chatrepl.terminal.prompt.picture import picture
from chatrepl.terminal.prompt.values import ToolbarPart
from chatrepl.terminal.say import Speaker
from tests.e2e.grammar import violations, visible
from tests.e2e.terminal import DONE, Terminal
from tests.terminal.sanitize.hostile import Sample, samples, texts
from tests.terminal.stream.harness import Sink
from tests.terminal.views.replies import Screening, call, console_on, end, start

SHORT = [sample for sample in samples() if len(sample.text) < 6_000]
WIDE = 12_000  # no row is wrapped


def in_pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)] if size else [text]


def reply(text: str, width: int = WIDE, size: int = 0) -> str:
    events: list[StreamEvent] = [TextDelta(piece) for piece in in_pieces(text, size)]
    return Screening(width=width).show([start(), *events, *end()])


def thinking(text: str, width: int = WIDE, size: int = 0) -> str:
    events: list[StreamEvent] = [ThinkingDelta(piece) for piece in in_pieces(text, size)]
    return Screening(width=width).show([start(), *events, TextDelta("."), *end()])


def code(text: str, width: int = WIDE, size: int = 0) -> str:
    return reply(f"```python\n{text}\n```\n", width, size)


def spoken(say: Callable[[Speaker], object], width: int) -> str:
    sink = Sink()
    say(Speaker(console_on(sink, width)))
    return sink.getvalue()


def error_body(text: str, width: int = WIDE, _size: int = 0) -> str:
    return spoken(lambda speaker: speaker.error(ChatreplError(text, text)), width)


def file_name(text: str, width: int = WIDE, _size: int = 0) -> str:
    table = Table(("file", "size"), ((text, "1"), ("b", "2")), title=text, footer=text)
    notice = Notice(text, "warning")
    return "".join(spoken(partial(Speaker.say, outcome=one), width) for one in (table, notice))


def shown_file(text: str, width: int = WIDE, _size: int = 0) -> str:
    return spoken(lambda speaker: speaker.say(Exactly(text)), width)


def stored_text(text: str, width: int = WIDE, _size: int = 0) -> str:
    return spoken(lambda speaker: speaker.say(Page(text)), width)


def model_id(text: str, width: int = WIDE, _size: int = 0) -> str:
    """In what a toolbar, a remark, a retry and a tool's line say."""
    wait = RetryWait(text, 3, 1, 4)
    told = Screening(width=width).show(
        [start(text), wait, Remark(text), *call(text, '{"query": 1}'), TextDelta("."), *end()]
    )
    return told + "".join(part for _, part in fit([ToolbarPart("toolbar", text)], width))


def paste_echo(text: str, width: int = WIDE, size: int = 0) -> str:
    """The picture that the line editor draws of each line."""
    del width, size
    return "\n".join(picture(line)[0] for line in text.split("\n"))


WAYS = [reply, thinking, code, error_body, file_name, shown_file, stored_text, model_id, paste_echo]
Way = Callable[[str, int, int], str]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_corpus_comes_out_as_its_picture(way: Way) -> None:
    failed = {}
    for sample in SHORT:
        for size, width in ((0, WIDE), (1, WIDE), (3, 60)):
            if size and len(sample.text) > 2_000:
                continue
            scrolls = way is thinking and sample.text.count("\n") > 2  # it shows its last rows
            whole = width == WIDE and not scrolls
            if why := complaint(sample, way(sample.text, width, size), whole=whole):
                failed[sample.name, size] = why
    assert failed == {}


@settings(max_examples=40)
@given(texts, st.integers(1, 4), st.sampled_from([1, 7, 80]))
def test_no_text_reaches_the_terminal_but_as_text(text: str, size: int, width: int) -> None:
    for way in WAYS:
        assert violations(way(text, width, size)) == []


@pytest.mark.parametrize(
    "bad", ["\x1b]0;x\x07", "\x9b2J", "\x1b[1000A", "\u202e", "\x1bc", "a\x07"]
)
def test_the_scanner_finds_what_is_foreign(bad: str) -> None:
    assert violations(f"\x1b[1mx\x1b[0m{bad}")
    assert not violations("\x1b[1mx\x1b[0m\x1b[?2026h\r\x1b[2A\x1b[J\x1b[?2026l")


def complaint(sample: Sample, written: str, *, whole: bool) -> str:
    """What is wrong with the picture of a sample; nothing if all is well."""
    if found := sample.forbidden.search(written):
        return f"its payload came through: {ascii(found[0])[:60]}"
    if foreign := violations(written):
        return f"no text: {foreign[:3]}"
    if whole and not sample.required.search(visible(written).replace("\r\n", "\n")):
        return "it cannot be seen"
    return ""


def test_a_whole_chat_on_a_terminal_writes_nothing_foreign(tmp_path: Path) -> None:
    """The corpus is pasted, sent, answered, listed, shown again and named in errors."""
    pasted = "\n".join(s.text for s in SHORT if len(s.text) < 2_000 and "\x1b[201~" not in s.text)
    argv = [sys.executable, "-m", "chatrepl", "--demo", "-m", "haiku-4-5"]
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": "", "XDG_CACHE_HOME": ""}
    with Terminal(argv, columns=200, rows=400, env=home) as terminal:
        terminal.wait_for("^› Ask anything")
        terminal.paste(pasted.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        terminal.wait_for("Ctrl-O opens the paste")
        terminal.keys("c-o").wait_for("HQ187E")
        terminal.keys("m-enter")
        terminal.keys("enter")
        terminal.wait_for(DONE)
        terminal.send("demo: hostile").keys("enter")
        terminal.wait_count(DONE, 2)
        for line in ("/history", "/export md", "/model \x16\x1b]0;x", "/image \x16\x1b[2J.png"):
            terminal.send(line).keys("enter")
            terminal.settle()
        terminal.keys("c-d")
        assert terminal.wait_exit(20) == 0
        written = terminal.raw.decode("utf-8", "surrogateescape")
        assert violations(written) == []
        assert [s.name for s in SHORT if s.forbidden.search(written)] == []
