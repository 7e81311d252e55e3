"""The bench: nothing runs without a yes, and whatever comes back can be sent and shown."""

import asyncio
import random
from contextlib import suppress

import pytest

from chatrepl.core.exchange.reply import Reply
from chatrepl.core.talk.blocks import TextBlock, ToolResultBlock, ToolUseBlock, UnknownBlock
from chatrepl.core.talk.traces import trace
from chatrepl.core.tools import Tool, ToolAnswer, ToolCall
from chatrepl.core.wire import encode
from chatrepl.session.workbench import NO, Workbench
from chatrepl.terminal.sanitize.text import one_line
from tests.commands.playing import shared_runner
from tests.core.test_tool_words import PIECES, hostile
from tests.toolbox import CLOCK, READ, FakeBox

NEVER = Tool("rm", "Remove.", {"type": "object"}, approve="never")


@pytest.mark.parametrize("seed", range(10))
def test_nothing_runs_without_a_yes_whatever_is_called_and_answered(seed: int) -> None:
    rng = random.Random(seed)

    def answer(_tool: Tool, _call: ToolCall) -> ToolAnswer:
        words = "".join(rng.choices(PIECES, k=rng.randrange(4)))
        return ToolAnswer((TextBlock(words),), is_error=rng.random() < 0.3)

    box = FakeBox(there=(READ, NEVER), answer=answer)
    agreed: list[ToolCall] = []

    def agree(_tool: Tool, call: ToolCall) -> str:
        if rng.random() < 0.5:
            return NO
        agreed.append(call)
        return ""

    bench = Workbench(box, agree, tools=(READ, NEVER))
    for number in range(250):
        calls = []
        for n in range(4):
            name = rng.choice(("read_file", "rm", "READ_FILE", "read_file ", str(hostile(rng))))
            calls.append(ToolCall(f"{number}.{n}", name, {"path": hostile(rng)}))
        told: list[ToolResultBlock] = []
        shared_runner().run(bench.work(calls, told.append))
        assert [block.tool_use_id for block in told] == [call.id for call in calls]
        for block in told:
            encode(block.to_wire()).encode()
            assert all(part["text"].strip() for part in block.content)
            (row,) = trace(block)
            assert one_line(row, 80).isprintable()
    assert [call.id for call in box.ran] == [call.id for call in agreed]
    assert all(call.name == "read_file" for call in box.ran)


def use(id_: str, kind: str = "tool_use") -> ToolUseBlock:
    return ToolUseBlock(kind, id_, "clock")


@pytest.mark.parametrize(
    ("reply", "ids"),
    [
        (Reply(blocks=(use("a"), use("b")), stop_reason="tool_use", complete=True), ["a", "b"]),
        (Reply(blocks=(use("a"), use("a")), stop_reason="tool_use", complete=True), ["a"]),
        (Reply(blocks=(use("a"),), stop_reason="end_turn", complete=True), ["a"]),
        (Reply(blocks=(use("a"),), stop_reason="stop_sequence", complete=True), ["a"]),
        (Reply(blocks=(use("a"),), stop_reason="pause_turn", complete=True), ["a"]),
        (Reply(blocks=(use("a"),), stop_reason="tool_calls", complete=True), ["a"]),
        (Reply(blocks=(use("a"),), stop_reason="max_tokens", complete=True), []),
        (Reply(blocks=(use("a"),), stop_reason="refusal", complete=True), []),
        (Reply(blocks=(use("a"),), stop_reason="tool_use"), []),
        (Reply(blocks=(use("a", "server_tool_use"),), stop_reason="tool_use", complete=True), []),
        (
            Reply(
                blocks=(UnknownBlock({"type": "tool_use", "id": 7}),),
                stop_reason="tool_use",
                complete=True,
            ),
            [],
        ),
    ],
)
def test_only_whole_calls_of_ours_are_run_each_once(reply: Reply, ids: list[str]) -> None:
    bench = Workbench(FakeBox(), tools=(CLOCK,))
    assert [call.id for call in bench.calls(reply)] == ids
    assert Workbench(FakeBox()).calls(reply) == ()


def test_what_was_allowed_holds_in_its_chat_alone() -> None:
    bench, (one, other) = Workbench(FakeBox()), (object(), object())
    for chat, allowed in ((one, set()), (one, {"x"}), (other, set()), (other, {"x"})):
        shared_runner().run(bench.open(chat))
        assert bench.always == allowed
        bench.always.add("x")


def test_nothing_runs_any_more_when_a_round_has_ended() -> None:
    ended: list[str] = []

    class SlowToEnd(FakeBox):
        async def run(self, tool: Tool, call: ToolCall, /) -> ToolAnswer:
            try:
                return await super().run(tool, call)
            finally:
                await asyncio.sleep(0.01)
                ended.append(call.id)

    async def cancelled() -> list[ToolResultBlock]:
        told: list[ToolResultBlock] = []
        bench = Workbench(SlowToEnd(answer=lambda *_: None), tools=(CLOCK,))
        work = asyncio.ensure_future(
            bench.work([ToolCall("a", "clock"), ToolCall("b", "clock")], told.append)
        )
        await asyncio.sleep(0.01)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        assert sorted(ended) == ["a", "b"]
        return told

    told = shared_runner().run(cancelled())
    assert [block.tool_use_id for block in told] == ["a", "b"]
    assert all(block.is_error for block in told)
