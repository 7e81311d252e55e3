"""A reply on a terminal, from the first second to the last row."""

import asyncio
import errno
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    PrefillBegun,
    Remark,
    Reply,
    RetryWait,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.conversation import Prefill
from chatrepl.terminal.markdown.look import DARK
from chatrepl.terminal.views.parts import Style
from tests.terminal.stream.harness import Clock, Sink, whole_output
from tests.terminal.views.replies import (
    Screening,
    call,
    console_on,
    end,
    rows_of,
    shown,
    start,
    text,
    thinking,
)

ANSWER = "Some *words*.\n\n- one\n- two\n\n```py\nx = 1\n```\n\nThe end."
PLAIN = Style(repaint=False)


def rendered(markdown: str, width: int = 60) -> str:
    return rows_of(whole_output(markdown, width, 20, DARK), width)


@given(st.lists(st.sampled_from(["a ", "*b*", "\n\n", "- c\n", "`d`", "```\n", "é", "日本"])))
def test_what_is_left_is_the_text_rendered_at_once(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert shown(start(), *text(*pieces), *end()) == (rendered(whole) if whole.strip() else "")


def test_seconds_are_counted_until_something_comes() -> None:
    seen: list[str] = []
    Screening(step=1.0).show([start(), *text("Hello"), *end()], seen.append)
    assert re.fullmatch(r"\S 1 s", seen[0])
    assert not re.search(r" \d s", seen[2])
    assert seen[-1] == "Hello"


def test_tokens_so_far_are_told_while_a_text_stalls() -> None:
    screening = Screening(step=0.1)
    seen: list[str] = []
    stalled: list[StreamEvent] = [*text("word " * 40)[:2]]
    screening.show(stalled, seen.append)
    assert "tokens" not in seen[-1]
    slow = Screening(step=0.1)

    async def stall() -> str:
        with slow.view() as view:
            for event in stalled:
                view.show(event, Reply().apply(event))
            slow.clock.now += 4
            view._tick()
            return slow.rows()

    assert re.search(r"\n\n\S 4 s · ~50 tokens$", asyncio.run(stall()))
    assert "tokens" not in slow.rows()


def test_thinking_is_four_rows_and_then_a_line() -> None:
    seen: list[str] = []
    pieces = [f"step {number}\n" for number in range(9)]
    screening = Screening(step=0.5)
    events = [start(), *thinking(*pieces), *text("So.", index=1), *end()]
    written = screening.show(events, seen.append)
    widest = max(len(rows.split("\n")) for rows in seen[:11])
    assert widest == 6  # four rows, a free one and the status
    assert "step 8" in seen[10]
    assert "step 4" not in seen[10]
    assert "thinking 4 s" in seen[10]
    assert screening.rows() == "thought for 5.5 s\n\nSo."
    assert "\x1b[2;3mstep" in written


def test_hidden_thinking_shows_only_that_it_goes_on() -> None:
    seen: list[str] = []
    screening = Screening(style=Style(thinking=False), step=0.5)
    screening.show([*thinking("secret", "more"), *text("So.", index=1), *end()], seen.append)
    assert re.fullmatch(r"\S thinking 0 s", seen[1])
    assert screening.rows() == "So."


def test_thinking_between_texts_stands_apart() -> None:
    events = [*text("One."), *thinking("hm", index=1), *text("Two.", index=2), *end()]
    assert re.fullmatch(r"One\.\n\nthought for 0\.\d s\n\nTwo\.", shown(*events))


def test_searches_are_told_in_plain_lines() -> None:
    rows = shown(
        *text("Let me look.\n\n"),
        *call("web_search", '{"query": "ca\\u001b[2Jts"}', index=1),
        *call("web_fetch", '{"url": "https://example.com/"}', index=2),
        *text("Found.", index=3),
        *end(),
    )
    assert rows == ("Let me look.\n\nsearching: ca^[[2Jts\nreading: https://example.com/\n\nFound.")


def whole(index: int, kind: str, /, **more: object) -> list[StreamEvent]:
    """The events of a block that comes whole."""
    return [BlockStart(index, {**more, "type": kind}), BlockStop(index)]


def test_what_has_no_better_form_is_a_line_cut_to_the_width() -> None:
    output = {"type": "code_execution_result", "stdout": "1\n\x1b[2J2\n", "stderr": ""}
    rows = shown(
        *call("code_execution", '{"code": "print(1)"}', index=0),
        *whole(1, "code_execution_tool_result", tool_use_id="t1", content=output),
        *text("Two", index=2),
        *whole(3, "hologram\x1b]0;x\x07"),
        *text("more", index=4),
        *call("web_search", '{"query": "' + "名" * 50 + '"}', index=5),
        *end(),
        width=40,
    )
    assert rows.split("\n") == [
        "running: print(1)",
        "output: 1",
        "  ^[[2J2",
        "",
        "Two",
        "",
        "a block this version does not know: hol…",
        "",
        "more",
        "",
        f"searching: {'名' * 14}…",
    ]


def test_a_line_stands_there_when_its_block_is_complete() -> None:
    seen: list[str] = []
    Screening().show(call("web_fetch", '{"url": "https://a"}'), seen.append)
    assert ["reading" in rows for rows in seen] == [False, False, True]


@given(st.text(min_size=1, max_size=20), st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
@settings(max_examples=50, deadline=None)
def test_no_kind_of_block_is_invisible(kind: str, more: dict[str, str]) -> None:
    assert shown(*whole(0, kind, **more), *end()).strip()


def test_thinking_that_is_not_to_be_seen_has_no_line() -> None:
    events = [*whole(0, "redacted_thinking", data="x"), *text("So.", index=1), *end()]
    assert shown(*events, style=Style(thinking=False)) == "So."
    assert shown(*events).startswith("thought; the service does not show what\n\nSo.")


def test_notes_stand_at_the_end_whatever_comes_before() -> None:
    source = {"url": "https://a.example/", "title": "A"}
    rows = shown(*text("So", cites=(source,)), *whole(1, "hologram"), *end())
    assert rows.startswith("So[1]\n\na block")
    assert rows.endswith("hologram\n\n[1] A https://a.example/")


def test_sources_are_footnotes_each_once() -> None:
    page = {"type": "web_search_result_location", "url": "https://a.example/", "title": "A [b]"}
    leaf = {"type": "page_location", "document_title": "Book", "start_page_number": 3}
    rows = shown(
        *text("One says ", cites=()),
        *text("this", index=1, cites=(page, page)),
        *text(", another ", index=2),
        *text("that", index=3, cites=(leaf, page)),
        *text(".", index=4),
        *end(),
    )
    assert rows == (
        "One says this[1], another that[2][1].\n\n[1] A [b] https://a.example/\n[2] Book, page 3"
    )


def test_sources_are_not_seen_where_they_are_not_wanted() -> None:
    cited = text("It says", cites=[{"url": "https://a.example", "title": "A"}])
    events = (start(), *cited, *text(" so.", index=1), *end())

    assert shown(*events, style=Style(cite=False)) == "It says so."
    assert "a.example" in shown(*events)


def test_code_that_a_line_stands_in_goes_on_as_code() -> None:
    events = (
        start(),
        *text("Look:\n\n```py\nx = '**1**'"),
        *call("web_search", '{"query":"q"}', index=1),
        *text("\ny = '**2**'\n```\n", "\nSo **it** is.", index=2),
        *end(),
    )
    rows, raw = (shown(*events, style=Style(raw=raw)).splitlines() for raw in (False, True))
    assert [row.strip() for row in rows if row.strip()] == [
        "Look:", "x = '**1**'", "searching: q", "y = '**2**'", "So it is.",
    ]  # fmt: skip
    assert [row for row in raw if row] == [
        "Look:", "```py", "x = '**1**'", "searching: q", "y = '**2**'", "```", "So **it** is.",
    ]  # fmt: skip


def test_a_remark_waits_until_the_text_is_whole() -> None:
    events = [Remark("first"), TextDelta("a *b"), Remark("later"), TextDelta("* c"), *end()]
    assert shown(*events) == "first\n\na b c\n\nlater"


def test_a_retry_counts_down_in_the_last_row() -> None:
    seen: list[str] = []
    waits = [RetryWait("busy\x1b[2J.", seconds, 1, 4) for seconds in (2, 1)]
    screening = Screening()
    screening.show([*waits, *text("Well."), *end()], seen.append)
    assert seen[:2] == [f"busy^[[2J · again in {n} s · 1/4 · Esc stops" for n in (2, 1)]
    assert screening.rows() == "Well."
    assert "\x1b[33mbusy" in screening.sink.getvalue()


def test_without_repainting_lines_are_plain_and_written_once() -> None:
    waits = [RetryWait("busy", seconds, attempt, 4) for attempt in (1, 2) for seconds in (2, 1)]
    screening = Screening(style=PLAIN, color=None)
    written = screening.show([*waits, *thinking("hm"), *text(*ANSWER, index=1), *end()])
    assert "\x1b" not in written
    assert written.count("busy") == 2
    assert written.count("again in 2 s") == 2
    assert written.replace("\r\n", "\n").rstrip("\n").endswith("\n\n" + rendered(ANSWER))


def test_raw_text_stays_as_it_is() -> None:
    assert shown(*text("# a *b*\n", "```\nc"), style=Style(raw=True)) == "# a *b*\n```\nc"


def test_a_prefill_is_shown_once_and_goes_on() -> None:
    begun = PrefillBegun(Prefill("Well, ", "native"))
    assert shown(begun, begun, *text("yes."), *end()) == "Well, yes."
    hidden = PrefillBegun(Prefill("{", "schema"))
    assert shown(hidden, *text("{}"), *end()) == "{}"


def test_thinking_stands_before_a_beginning_and_never_parts_it_from_its_text() -> None:
    begun = PrefillBegun(Prefill("1. Half a wo", "emulated"))
    out = shown(begun, *thinking("Hm."), *text("rd\n2. More"), *end())
    assert out.endswith("\n\n" + rendered("1. Half a word\n2. More"))
    assert out.count("Half a wo") == 1
    assert "Half a wo" in shown(begun, *thinking("Hm."))  # stopped before any text


@given(st.integers(0, len(ANSWER)))
def test_a_stop_anywhere_keeps_all_that_came(at: int) -> None:
    screening = Screening(step=0.0)  # no frame is due: all of it waits

    async def stopped() -> None:
        with screening.view() as view:
            for char in ANSWER[:at]:
                view.show(TextDelta(char), Reply())
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())
    assert screening.rows() == (rendered(ANSWER[:at]) if ANSWER[:at].strip() else "")


def test_half_a_character_at_a_stop_is_shown_as_what_it_is() -> None:
    assert shown(TextDelta("x\ud83d")) == "x\ufffd"
    assert shown(ThinkingDelta("x\u200d"), TextDelta("y")).endswith("\n\ny")


def test_suspending_takes_the_live_rows_away_and_resuming_brings_them_back() -> None:
    screening = Screening()

    async def suspended() -> list[str]:
        with screening.view() as view:
            view.show(TextDelta("a row\n\nand an open one"), Reply())
            seen = [screening.rows()]
            view.suspend()
            view._tick()
            seen.append(screening.rows())
            view.resume()
            screening.clock.now += 1
            view._tick()
            return [*seen, screening.rows()]

    before, during, after = asyncio.run(suspended())
    assert "open one" in before
    assert "open one" not in during
    assert after == before


class Gone(Sink):
    """A terminal that goes away."""

    gone = False

    def write(self, written: str) -> int:
        if self.gone:
            raise OSError(errno.EIO, "Input/output error")
        return super().write(written)


def test_a_terminal_that_is_gone_ends_the_reply_at_its_next_word() -> None:
    screening, sink = Screening(), Gone()
    screening.sink = sink

    async def lost() -> None:
        with screening.view() as view:
            sink.gone = True
            for _ in range(10):
                screening.clock.now += 1
                view.show(TextDelta("word "), Reply())

    with pytest.raises(OSError, match="Input/output"):
        asyncio.run(lost())


def test_a_terminal_that_goes_while_nothing_comes_ends_the_reply_at_once() -> None:
    screening, sink = Screening(), Gone()
    screening.sink = sink

    async def lost() -> None:
        with screening.view() as view:
            sink.gone = True
            screening.clock.now += 10
            view._tick()
            await asyncio.sleep(60)

    with pytest.raises(OSError, match="Input/output"):
        asyncio.run(lost())


@pytest.mark.parametrize("width", [1, 2, 7, 500])
def test_any_width_will_do(width: int) -> None:
    events = [Remark("a remark"), *thinking("hm " * 9), *text(ANSWER, index=1), *end()]
    rows = shown(*events, width=width)
    assert rows.endswith(rendered(ANSWER, width))
    assert all(len(row) <= width for row in rows.split("\n"))


def test_a_console_without_a_clock_going_on_writes_nothing_twice() -> None:
    clock, sink = Clock(), Sink()

    async def idle() -> str:
        from chatrepl.terminal.views.live import LiveView

        with LiveView(console_on(sink), Style(), clock) as view:
            sink.take()
            for _ in range(5):
                view._tick()
            return sink.take()

    assert asyncio.run(idle()) == ""


def condensed(*events: StreamEvent) -> str:
    screening = Screening()

    async def play() -> str:
        with screening.view() as view:
            view.condense = str.upper
            reply = Reply()
            for event in events:
                reply = reply.apply(event)
                view.show(event, reply)
                if isinstance(event, TextDelta):
                    assert "a" not in screening.rows()
        return screening.rows()

    return asyncio.run(play())


def test_a_text_that_is_to_be_condensed_is_shown_when_it_has_ended() -> None:
    begun = PrefillBegun(Prefill("a", "native"))
    assert condensed(start(), *text("a", "ab"), *end()) == "AAB"
    assert condensed(begun, start(), *text("ab"), *end()) == "AAB"
    assert condensed(start(), *text("a", "ab")[:2]) == "A"  # it was cut
