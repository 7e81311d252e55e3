"""Tools in a turn: rounds of calls and answers, what is kept of them, and what is sent again."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatrepl.commands.request import _shown
from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.exchange.plan import plan_round
from chatrepl.core.exchange.reply import CallAnswered, MessageDelta, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.models import OWN_TOOLS, TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import (
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    unread_input,
)
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.tokens.counts import Ledger
from chatrepl.core.tools import Tool, ToolAnswer, ToolCall
from chatrepl.core.world import rough_count
from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import error_body, json_answer
from chatrepl.session.workbench import NEVER, NO, SILENT, STOPPED, UNREAD, Workbench
from chatrepl.shells.replies import remarks
from chatrepl.turn import run_turn
from tests.commands.playing import CutError, Player
from tests.toolbox import CLOCK, READ, FakeBox
from tests.views import QuietView


def yes(_tool: Tool, _call: ToolCall) -> str:
    return ""


def player(box: FakeBox, agree: Any = yes, **settings: Any) -> Player:
    made = Player(Settings(model="claude-opus-5", **settings), Engine())
    made.session.bench = Workbench(box, agree)
    return made


def results(turn: Turn) -> list[ToolResultBlock]:
    blocks = (block for message in turn.messages for block in message.content)
    return [block for block in blocks if isinstance(block, ToolResultBlock)]


def said(block: ToolResultBlock) -> str:
    return "".join(part["text"] for part in block.content)


def test_a_call_is_run_and_the_model_goes_on_with_its_answer() -> None:
    box = FakeBox()
    chat = player(box)
    turn = chat.say("please read file notes")

    assert [m.role for m in turn.messages if m.role != "system"] == ["user", "assistant"] * 2
    assert [call.name for call in box.ran] == ["read_file"]
    assert said(results(turn)[0]) in turn.text
    assert turn.receipt is not None
    assert turn.receipt.stop_reason == "end_turn"
    assert chat.statuses == [200, 200]
    assert turn.rounds == 2


def test_without_tools_nothing_is_declared_and_nothing_asked() -> None:
    plain = Player(Settings(model="claude-opus-5"), Engine())
    plain.say("please read file notes")
    empty = player(FakeBox(there=()))
    empty.say("please read file notes")
    assert [r.encode() for r in plain.requests] == [r.encode() for r in empty.requests]
    assert "tools" not in plain.requests[0].params


def test_thirty_rounds_replay_byte_for_byte() -> None:
    chat = player(FakeBox(), tools_max_rounds=40)
    chat.engine.script(*["tool"] * 30)
    turn = chat.say("work")
    chat.say("and now?")

    assert turn.rounds == 31
    assert set(chat.statuses) == {200}
    *asked, last = chat.requests
    sent = [message.encoded for message in last.messages]
    for request in asked:
        assert [message.encoded for message in request.messages] == sent[: len(request.messages)]


@pytest.mark.parametrize("seed", range(30))
def test_random_rounds_of_parallel_calls_are_never_refused(seed: int) -> None:
    chat = player(FakeBox())
    for number in range(3):
        turn = chat.say(f"demo: tools {seed * 10 + number} 4")
        calls = [b for m in turn.messages for b in m.content if isinstance(b, ToolUseBlock)]
        assert [call.id for call in calls] == [block.tool_use_id for block in results(turn)]
        assert turn.receipt is not None
        assert turn.receipt.stop_reason == "end_turn"
    assert set(chat.statuses) == {200}


def test_what_the_rounds_took_is_summed_up() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "tool", "say done")
    turn = chat.say("work")
    usage = turn.receipt.usage if turn.receipt is not None else None
    assert usage is not None
    assert chat.session.books.meter.usage == usage
    assert chat.session.books.meter.replies == 1
    assert usage.total_input_tokens > 3 * 100


def test_a_prefill_begins_the_first_round_alone_and_is_spent() -> None:
    chat = player(FakeBox())
    chat.session.prepare(prefill="Well,")
    turn = chat.say("please read file notes")
    first = next(m for m in turn.messages if m.role == "assistant").text
    assert first.startswith("Well,")
    assert not turn.text.startswith("Well,")
    assert chat.session.next.prefill == ""


def test_after_the_last_round_the_model_has_to_answer() -> None:
    chat = player(FakeBox(), tools_max_rounds=2)
    turn = chat.say("demo: tools 2 9")
    chat.engine.script("tool", "tool", "tool")
    turn = chat.say("work")
    assert turn.rounds == 3
    assert turn.text
    assert chat.requests[-1].params["tool_choice"] == {"type": "none"}
    chat.say("go on")
    assert set(chat.statuses) == {200}


def test_after_the_last_round_nothing_is_chosen_where_no_tools_are_offered() -> None:
    chat = player(FakeBox())
    turn = chat.say("please read file notes")
    before = chat.session.conversation.before(turn)
    for offered in (True, False):
        if not offered:
            chat.session.learn(chat.session.model.id, **{OWN_TOOLS: False})
        params = plan_round(chat.session.situation, before, turn, is_last=True).request.params
        assert ("tools" in params) is ("tool_choice" in params) is offered


@pytest.mark.parametrize(
    ("tool", "agree", "words", "runs"),
    [
        (READ, yes, "read_file {", 1),
        (READ, lambda _t, _c: NO, NO, 0),
        (replace(READ, approve="always"), lambda _t, _c: NO, "read_file {", 1),
        (replace(READ, approve="never"), yes, NEVER, 0),
    ],
)
def test_only_what_was_agreed_to_runs(tool: Tool, agree: Any, words: str, runs: int) -> None:
    box = FakeBox(there=(tool,))
    chat = player(box, agree)
    turn = chat.say("please read file notes")
    (block,) = results(turn)
    assert words in said(block)
    assert len(box.ran) == runs
    assert (block.is_error is True) == (runs == 0)


def test_what_may_always_run_is_asked_about_in_the_next_chat_again() -> None:
    asked: list[str] = []
    chat = player(FakeBox())
    bench = chat.session.bench
    assert bench is not None

    def agree(tool: Tool, _call: ToolCall) -> str:
        asked.append(tool.name)
        bench.always.add(tool.name)
        return ""

    bench.agree = agree
    chat.engine.script(*["tool"] * 3)
    chat.say("work")
    assert asked == ["read_file"]
    chat.do("/clear")
    chat.say("please read file notes")
    assert asked == ["read_file"] * 2


def broken(_tool: Tool, _call: ToolCall) -> ToolAnswer:
    raise ValueError("sk-secret")


def image(_tool: Tool, _call: ToolCall) -> ToolAnswer:
    return ToolAnswer((ImageBlock.base64("image/png", "aaaa"), TextBlock("why")), is_error=True)


@pytest.mark.parametrize(
    ("answer", "content", "error"),
    [
        (broken, [{"type": "text", "text": "The tool could not be run."}], True),
        (image, [{"type": "text", "text": "why"}], True),
        (lambda _t, _c: ToolAnswer(()), [{"type": "text", "text": SILENT}], None),
        (lambda _t, _c: ToolAnswer((TextBlock(" \n"),)), [{"type": "text", "text": SILENT}], None),
        (lambda _t, _c: ToolAnswer((TextBlock("a\0\ud800"),)),
         [{"type": "text", "text": "a\ufffd\ufffd"}], None),
    ],
)  # fmt: skip
def test_whatever_a_tool_does_its_answer_can_be_sent(answer: Any, content: Any, error: Any) -> None:
    chat = player(FakeBox(answer=answer))
    (block,) = results(chat.say("please read file notes"))
    assert (block.content, block.is_error) == (content, error)
    assert chat.statuses == [200, 200]


def test_a_tool_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    box = FakeBox(there=(READ,))
    chat = player(box)
    chat.engine.script("tool", "say done")

    async def tools() -> Sequence[Tool]:
        return (CLOCK,) if box.asked else (READ,)

    turn = chat.say("demo: tool")
    (block,) = results(turn)
    assert not block.is_error
    bench = chat.session.bench
    assert bench is not None

    async def unknown() -> list[ToolResultBlock]:
        told: list[ToolResultBlock] = []
        await bench.work((ToolCall("1", "rm", {}), ToolCall("2", "read_file", {})), told.append)
        return told

    first, second = chat.runner.run(unknown())
    assert first.is_error
    assert "There are: read_file." in said(first)
    assert not second.is_error


def test_answers_go_back_in_the_order_of_the_calls() -> None:
    order: list[str] = []

    class Slow(FakeBox):
        async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
            for _ in range(10 - int(call.id)):
                await asyncio.sleep(0)
            order.append(call.id)
            return await super().run(tool, call)

    bench = Workbench(Slow(), yes, tools=(READ, CLOCK))
    told: list[ToolResultBlock] = []
    calls = [ToolCall(str(n), "clock", {}) for n in range(4)]
    Player().runner.run(bench.work(calls, told.append))
    assert order == ["3", "2", "1", "0"]
    assert [block.tool_use_id for block in told] == ["0", "1", "2", "3"]


def hang(_tool: Tool, call: ToolCall) -> ToolAnswer | None:
    return ToolAnswer((TextBlock("quick"),)) if call.name == "clock" else None


class Stopping(QuietView):
    """Stops what runs once calls do, and the turn where that is said."""

    def __init__(self, bench: Workbench, presses: int) -> None:
        super().__init__()
        self.bench, self.presses = bench, presses

    def press(self, task: "asyncio.Task[Any]") -> None:
        for _ in range(self.presses):
            if not self.bench.stop():
                task.cancel()


def stopped(presses: int) -> tuple[Player, FakeBox, Turn, bool]:
    """Stop a call that hangs; give what came of it, and whether the turn ended by that."""
    box = FakeBox(answer=hang)
    chat = player(box)
    assert chat.session.bench is not None
    view = Stopping(chat.session.bench, presses)

    async def run() -> bool:
        task = asyncio.ensure_future(
            run_turn(chat.session, Message.user("please read file x"), chat.stream, view)
        )
        while not box.ran:
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        view.press(task)
        await asyncio.wait([task])
        return task.cancelled()

    ended = chat.runner.run(run())
    return chat, box, chat.session.conversation.path()[-1], ended


def test_esc_ends_the_call_and_the_model_is_told() -> None:
    chat, box, turn, ended = stopped(1)
    assert box.cancelled == [call.id for call in box.ran]
    assert [said(block) for block in results(turn)] == [STOPPED]
    assert not ended
    assert STOPPED in turn.text
    assert chat.statuses == [200, 200]


def test_a_second_esc_ends_the_turn_and_the_next_request_is_valid() -> None:
    chat, box, turn, ended = stopped(2)
    assert ended
    assert box.cancelled == [call.id for call in box.ran]
    assert [said(block) for block in results(turn)] == [STOPPED]
    assert turn.waits
    assert turn.was_cut
    chat.say("go on")
    assert set(chat.statuses) == {200}
    assert [m.role for m in chat.requests[-1].messages] == ["user", "assistant", "user"]


def test_what_is_cut_between_call_and_answer_is_gone_on_with() -> None:
    chat, _, turn, _ = stopped(2)
    chat.do("/continue")
    now = chat.session.conversation.path()[-1]
    assert now.parent == turn.parent
    assert now.messages[: len(turn.messages)] == turn.messages
    assert STOPPED in now.text
    assert set(chat.statuses) == {200}


def test_a_reply_that_is_torn_in_a_later_round_is_kept_with_its_rounds() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "stream cut after 3")
    with pytest.raises(Exception, match=r".+"):
        chat.say("work")
    turn = chat.session.conversation.path()[-1]
    assert [m.role for m in turn.messages if m.role != "system"] == ["user", "assistant"] * 2
    assert turn.was_cut
    chat.do("/continue")
    chat.say("and?")
    assert set(chat.statuses) == {200}


def test_a_refusal_in_a_later_round_teaches_as_in_the_first() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "error 400", "say done")
    with pytest.raises(Exception, match=r".+"):
        chat.say("work")
    turn = chat.session.conversation.path()[-1]
    assert turn.waits
    chat.do("/continue")
    assert chat.text.strip() == "done"


@pytest.mark.parametrize(
    "words",
    [
        "messages.2: something is odd",
        "messages.2.content.0: unexpected value",
        "messages.1.content.2: Input tag 'tool_use' is not supported",
        "tool_result blocks are not supported",
        "something is odd",
    ],
)
@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1"])
def test_a_refused_answer_never_has_its_call_made_again(words: str, url: str) -> None:
    box = FakeBox()
    chat = player(box, base_url=url)
    refusal = json_answer(400, error_body(400, words, "req_1"), {})
    chat.engine.script("tool", refusal, "tool", "say done", "say done")
    with suppress(ApiError):
        chat.say("work")
    assert (len(box.ran), chat.statuses) == (1, [200, 400])
    turn = chat.session.conversation.path()[-1]
    assert len(results(turn)) == 1
    chat.say("and?")
    assert chat.text.strip() == "done"


def test_a_pause_with_a_call_of_ours_is_answered_and_not_waited_out() -> None:
    box = FakeBox()
    chat = player(box)
    chat.engine.script("tool", "say done")

    async def paused(request: Request) -> AsyncGenerator[StreamEvent, None]:
        async with aclosing(chat.stream(request)) as events:
            async for event in events:
                if isinstance(event, MessageDelta) and len(chat.requests) == 1:
                    yield replace(event, stop_reason="pause_turn")
                else:
                    yield event

    turn = chat.runner.run(run_turn(chat.session, Message.user("w"), paused, QuietView()))
    assert (len(box.ran), chat.statuses, turn.rounds) == (1, [200, 200], 2)


@pytest.mark.parametrize("piece", ['{"path": "a', "[]", "nothing"])
def test_what_was_called_with_half_an_input_does_not_run(piece: str) -> None:
    box = FakeBox()
    bench = Workbench(box, yes, tools=(READ,))
    call = ToolCall("t1", "read_file", unread_input(piece))
    told: list[ToolResultBlock] = []
    asyncio.run(bench.work([call], told.append))
    assert (box.ran, [said(block) for block in told]) == ([], [UNREAD])


def test_the_view_sees_one_reply_that_grows() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "tool", "say done")
    view = QuietView()
    turn = chat.runner.run(run_turn(chat.session, Message.user("w"), chat.stream, view))
    answers = [event.block for event in view.events if isinstance(event, CallAnswered)]
    assert answers == results(turn)
    assert sum(type(event).__name__ == "MessageStop" for event in view.events) == 1


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_wherever_a_stream_is_cut_the_next_request_is_valid(cut: int) -> None:
    chat = player(FakeBox())
    chat.cut_after = cut
    with suppress(CutError):
        chat.say("demo: tools 7 4")
    chat.cut_after = None
    chat.say("go on")
    assert set(chat.statuses) == {200}


@pytest.mark.parametrize(
    "command",
    [
        "/undo",
        "/retry",
        "/drop last 1",
        "/edit 2 reply",
        "/history",
        "/context",
        "/request",
        "/request --body",
        "/export md",
        "/export html",
    ],
)
def test_commands_take_a_turn_with_its_rounds_for_one(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chat = player(FakeBox())
    chat.say("hello")
    chat.engine.script("tool", "tool", "say done")
    chat.say("work")
    before = len(chat.session.conversation.path())
    chat.do(command)
    assert len(chat.session.conversation.path()) in {before, before - 1}
    chat.say("go on")
    assert set(chat.statuses) == {200}


def test_the_request_of_a_turn_is_the_last_of_its_rounds_to_the_byte() -> None:
    chat = player(FakeBox())
    chat.say("hello")
    chat.engine.script("tool", "tool", "say done")
    turn = chat.say("work")
    sent = chat.requests[-1].encode()
    chat.say("and?")
    shown = _shown(chat.session, turn)
    assert shown.request.encode() == sent
    chat.do("/request 2")
    table = chat.tables[-1]
    assert [row[1] for row in table.rows].count("tool_result") == 2
    assert "to the byte" in table.footer
    assert {row[3] for row in table.rows} <= {"sent", "cached", "new"}


def test_calls_are_seen_in_lists_and_exports() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "tool", "say done")
    chat.say("work")
    chat.do("/history")
    assert "2 calls" in chat.tables[-1].rows[0][4]
    chat.do("/export md")
    assert [line for line in chat.heard.splitlines() if line.startswith("## ")] == [
        "## You", "## claude-opus-5", "## Tools", "## claude-opus-5", "## Tools",
        "## claude-opus-5",
    ]  # fmt: skip
    assert "asking for the tool read_file" in chat.heard
    assert "result: read_file" in chat.heard


def test_what_was_cut_between_call_and_answer_says_how_to_go_on() -> None:
    chat, _, turn, _ = stopped(2)
    words = [text for text, _ in remarks(chat.session, turn)]
    assert any("/continue goes on" in text for text in words)


@pytest.mark.parametrize("thinking", ["auto", "on", "off"])
@pytest.mark.parametrize("model", tuple(TABLE))
def test_rounds_hold_on_every_model_with_its_thinking(model: str, thinking: str) -> None:
    chat = Player(Settings(model=model, thinking=thinking), Engine())
    chat.session.bench = Workbench(FakeBox(), yes)
    chat.say("demo: tools 7 3")
    chat.session.prepare(prefill="Well," if thinking != "on" else "")
    chat.say("demo: tools 11 3")
    chat.say("and?")
    assert set(chat.statuses) == {200}
    sent = [message.encoded for message in chat.requests[-1].messages]
    for request in chat.requests[:-1]:
        whole = [
            m for m in request.messages if not (m is request.messages[-1] and m.role == "assistant")
        ]
        assert [message.encoded for message in whole] == sent[: len(whole)]


def test_the_sums_of_several_rounds_teach_nothing_of_how_the_model_counts() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "tool", "say done")
    chat.say("work")
    ledger = Ledger(rough_count)
    before = ledger.tally
    ledger.resume(chat.session.conversation)
    assert ledger.tally == before


def test_the_last_round_tells_what_the_cache_holds_and_how_the_model_counts() -> None:
    chat = player(FakeBox())
    chat.engine.script("tool", "tool", "say done")
    chat.say("work " * 4000)
    books = chat.session.books
    assert not books.behind
    assert books.footprint is not None
    assert chat.requests[-1].messages[-1].digest in books.footprint.messages


COMMANDS = (
    "/undo", "/redo", "/retry", "/continue", "/drop! 1", "/restore", "/edit 1 reply",
    "/truncate! 2", "/model haiku-4-5", "/model opus-5", "/system Be brief.", "/btw why?",
    "/user Note.", "/clear", "/compact!", "/prefill Well,", "/request", "/export md",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_around_rounds_no_request_is_refused(seed: int) -> None:
    rng, box = random.Random(seed), FakeBox()
    chat = player(box, thinking=rng.choice(("auto", "on", "off")))
    for _ in range(20):
        chat.cut_after = rng.randrange(1, 30) if rng.random() < 0.25 else None
        with suppress(CutError, UsageError):
            if rng.random() < 0.5:
                chat.say(rng.choice((f"demo: tools {rng.randrange(999)} 4", "hello")))
            else:
                chat.do(rng.choice(COMMANDS))
    assert set(chat.statuses) == {200}
    ids = [call.id for call in box.ran]
    assert len(ids) == len(set(ids))  # none ran twice


def test_of_a_bug_in_a_tool_the_loop_is_told() -> None:
    bugs: list[BaseException] = []

    def answer(tool: Tool, call: ToolCall) -> ToolAnswer:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: bugs.append(context["exception"]))
        return broken(tool, call)

    player(FakeBox(answer=answer)).say("please read file notes")
    assert [str(bug) for bug in bugs] == ["sk-secret"]
