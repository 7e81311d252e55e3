"""A reply for screen readers: one write, under a word that says whose it is."""

import asyncio
import io

from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    Remark,
    Reply,
    StreamEvent,
    TextDelta,
)
from chatrepl.terminal.console import Appearance
from chatrepl.terminal.safe_console import open_console
from chatrepl.terminal.views.live import LiveView
from chatrepl.terminal.views.parts import Style


class Writes(io.StringIO):
    """Remembers each write that was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[str] = []
        self._at = 0

    def flush(self) -> None:
        if text := self.getvalue()[self._at :]:
            self.flushed.append(text)
            self._at = len(self.getvalue())


def test_a_reply_is_one_write_and_remarks_before_it_come_at_once() -> None:
    out, now = Writes(), [0.0]
    console = open_console(out, Appearance({"TERM": "xterm"}, color="never"))
    style = Style(repaint=False, whole=True)

    async def run() -> None:
        with LiveView(console, style, lambda: now[0]) as view:
            view.show(Remark("a word before"), Reply())
            assert out.flushed == ["a word before\n"]
            for word in ("One.\n\nTwo ", "words.\n\n", "Three."):
                now[0] += 5
                view.show(TextDelta(word), Reply())
                await asyncio.sleep(0.01)
            assert len(out.flushed) == 1

    asyncio.run(run())
    assert "\n".join("".join(out.flushed[1:]).splitlines()) == (
        "\nclaude:\nOne.\n\nTwo words.\n\nThree."
    )
    assert len(out.flushed) == 2


def test_what_a_question_about_a_call_follows_is_there_before_it() -> None:
    out = Writes()
    console = open_console(out, Appearance({"TERM": "xterm"}, color="never"))
    call = {"type": "tool_use", "id": "t1", "name": "dig", "input": {}}
    events: list[StreamEvent] = [BlockStart(0, {"type": "text", "text": ""}), TextDelta("I dig.")]
    events += [BlockStop(), BlockStart(1, call), BlockStop()]

    async def run() -> None:
        reply = Reply()
        with LiveView(console, Style(repaint=False, whole=True), lambda: 0.0) as view:
            for event in events:
                assert out.flushed == []
                reply = reply.apply(event)
                view.show(event, reply)
            written = "".join(out.flushed).replace("\r\n", "\n")
            assert written == "claude:\nI dig.\n\nasking for the tool dig\n"

    asyncio.run(run())


def test_what_takes_long_is_said_once_to_be_waited_for() -> None:
    out, now = Writes(), [0.0]
    console = open_console(out, Appearance({"TERM": "xterm"}, color="never"))

    async def run() -> None:
        with LiveView(console, Style(repaint=False, whole=True), lambda: now[0]) as view:
            now[0] = 10.0
            view._tick()
            view._tick()
            view.show(TextDelta("Here."), Reply())

    asyncio.run(run())
    waiting = "waiting for the reply; Esc stops it\n"
    assert "".join(out.flushed).replace("\r\n", "\n") == f"{waiting}claude:\nHere.\n"
