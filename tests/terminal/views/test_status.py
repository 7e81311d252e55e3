import asyncio
import io

import pytest

from chatrepl.core.exchange.reply import (
    BlockStop,
    MessageStart,
    Remark,
    Reply,
    RetryWait,
    TextDelta,
)
from chatrepl.core.talk.usage import Usage
from chatrepl.terminal.views.plain import NotedView, PlainView
from tests.views import QuietView

WAITS = (RetryWait("busy", 2, 1, 3), RetryWait("busy", 1, 1, 3), RetryWait("busy", 1, 2, 3))


def test_without_a_terminal_each_attempt_and_remark_is_one_plain_line() -> None:
    err, inner = io.StringIO(), QuietView()
    with NotedView(inner, err, live=False) as view:
        for event in (*WAITS, Remark("no\x1b[2Jtice"), MessageStart(), TextDelta("x")):
            view.show(event, Reply())

    assert err.getvalue().splitlines() == [
        "chatrepl: busy; again in 2 s (try 1 of 3)",
        "chatrepl: busy; again in 1 s (try 2 of 3)",
        "chatrepl: no^[[2Jtice",
    ]
    assert len(inner.events) == 6


def test_on_a_terminal_one_line_replaces_itself_and_is_gone_before_the_text() -> None:
    err, out = io.StringIO(), io.StringIO()
    times = iter(range(100))
    with NotedView(PlainView(out), err, live=True, clock=lambda: next(times)) as view:
        view.show(WAITS[0], Reply())
        view.show(MessageStart(), Reply(usage=Usage(0, 1200)))
        assert "1.2k tokens" in err.getvalue()
        view.show(TextDelta("hello"), Reply())
        before = err.getvalue()
        view.show(BlockStop(), Reply())
        view.show(MessageStart(), Reply())

    assert err.getvalue() == before
    assert before.endswith("\r\x1b[K")
    assert "\n" not in before
    assert out.getvalue() == "hello\n"


def test_the_seconds_are_counted_while_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    ticks = []

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda _s, tick: ticks.append(tick))
        times = iter(range(0, 100, 5))
        with NotedView(QuietView(), err, live=True, clock=lambda: next(times)):
            ticks[0]()
        assert len(ticks) == 2

    asyncio.run(wait())
    assert "s" in err.getvalue()


def test_a_closed_stderr_spoils_nothing() -> None:
    err = io.StringIO()
    err.close()
    for stream in (None, err):
        inner = QuietView()
        with NotedView(inner, stream, live=True) as view:
            view.show(Remark("hello"), Reply())
        assert len(inner.events) == 1


def test_when_there_is_another_try_is_told_however_long_the_cause_is() -> None:
    wait = RetryWait("The service failed (500): " + "a long story " * 40, 128, 3, 4)
    err = io.StringIO()
    with NotedView(QuietView(), err, live=False) as view:
        view.show(wait, Reply())
    assert err.getvalue().endswith("…; again in 128 s (try 3 of 4)\n")
