"""The row below a reply."""

from chatrepl.core.exchange.reply import (
    CallAnswered,
    MessageDelta,
    MessageStart,
    Reply,
    RetryWait,
    TextDelta,
    ThinkingDelta,
)
from chatrepl.core.talk.blocks import Block, ToolResultBlock, ToolUseBlock
from chatrepl.terminal.views.progress import Progress, retry_words
from tests.terminal.stream.harness import Clock


def words(progress: Progress) -> str:
    found = progress.words()
    return found.plain if found else ""


def test_it_follows_a_reply_from_waiting_to_reading() -> None:
    clock = Clock()
    progress = Progress(clock, utf8=False)
    assert words(progress) == "| 0 s"
    clock.now = 6
    assert words(progress).endswith(" 6 s, Esc stops")
    progress.note(ThinkingDelta("x" * 400), Reply())
    clock.now = 9
    assert words(progress).endswith(" thinking 3 s, ~100 tokens, Esc stops")
    progress.note(TextDelta("word"), Reply())
    assert words(progress) == ""
    assert not progress.waits
    clock.now = 12
    assert "12 s" in words(progress)


def test_messages_that_were_typed_meanwhile_are_counted_also_while_there_is_text() -> None:
    clock = Clock()
    progress = Progress(clock, utf8=True)
    progress.waiting = 1
    assert words(progress) == "⠋ 0 s · 1 message waits"
    progress.note(TextDelta("word"), Reply())
    assert words(progress) == "1 message waits"
    progress.waiting = 12
    assert words(progress) == "12 messages wait"
    progress.beside = 1
    assert words(progress) == "12 messages wait, 1 side question asked"
    progress.waiting, progress.beside = 0, 2
    assert words(progress) == "2 side questions asked"


def test_counts_of_the_service_take_the_place_of_ours() -> None:
    progress = Progress(Clock(), utf8=True)
    event = MessageDelta(None, None, {"output_tokens": 1_234})
    progress.note(event, Reply().apply(event))
    assert "1.2k tokens" in words(progress)


def test_a_retry_names_its_cause_and_ends_with_the_next_event() -> None:
    progress = Progress(Clock(), utf8=True)
    wait = RetryWait("busy.", 3, 1, 4)
    progress.note(wait, Reply())
    assert words(progress) == retry_words(wait) == "busy · again in 3 s · 1/4 · Esc stops"
    progress.note(TextDelta("x"), Reply())
    assert words(progress) == ""
    plain = Progress(Clock(), utf8=False)
    plain.note(wait, Reply())
    assert words(plain) == "busy, again in 3 s, 1/4, Esc stops"


def test_while_tools_run_it_names_them_and_for_how_long() -> None:
    clock = Clock()
    progress = Progress(clock, utf8=False)
    progress.note(TextDelta("Let me look."), Reply())
    calls = tuple(ToolUseBlock("tool_use", id_, id_) for id_ in ("look", "\x1b[2J" * 9, "dig"))
    progress.note(MessageDelta("tool_use"), Reply(blocks=calls))
    clock.now = 9  # a question was asked meanwhile
    progress.go_on()
    clock.now = 12
    assert words(progress).endswith(" look and 2 more run, 3 s, Esc stops it")
    rows: list[Block] = list(calls)
    for call, rest in zip(calls, (" and 1 more run,", " dig runs", ""), strict=True):
        rows.append(answer := ToolResultBlock("tool_result", call.id))
        progress.note(CallAnswered(answer), Reply(blocks=tuple(rows)))
        assert rest in words(progress)
        assert "\x1b" not in words(progress)
    assert "run" not in words(progress)
    progress.note(MessageDelta("tool_use"), Reply(blocks=(*rows, calls[0])))
    assert " look runs" in words(progress)
    progress.note(MessageStart(), Reply(blocks=(*rows, calls[0])))
    assert "runs" not in words(progress)
