"""A chat that ends between a call and its answer: what comes back, and what is sent then."""

import os
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from chatrepl.core.settings import Settings
from chatrepl.core.talk.answers import UNKNOWN
from chatrepl.core.talk.blocks import ToolResultBlock, ToolUseBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.demo.engine import Engine
from chatrepl.session.workbench import Workbench
from chatrepl.storage.journal import Journal, resume
from chatrepl.storage.read import load_bytes
from chatrepl.storage.record_log import RecordLog
from tests.commands.playing import Player
from tests.soak.tools import soak
from tests.toolbox import FakeBox

ASKED = Message.user("hi")


def player(journal: Journal | None = None) -> Player:
    made, ids = Player(Settings(model="claude-opus-5"), Engine()), count()
    made.session.equip(new_id=lambda: f"{os.urandom(4).hex()}{next(ids)}")
    made.session.bench = Workbench(FakeBox(), lambda _tool, _call: "")
    if journal is not None:
        made.session.recorder = journal
    return made


def talk(folder: Path) -> tuple[bytes, Conversation]:
    """Have a chat with rounds of parallel calls; give its journal."""
    journal = Journal.new(folder)
    chat = player(journal)
    chat.say("hello")
    chat.say("demo: tools 7 4")
    chat.say("demo: tools 12 4")
    journal.close()
    return journal.path.read_bytes(), chat.session.conversation


def test_a_turn_with_rounds_comes_back_as_it_was(tmp_path: Path) -> None:
    data, conversation = talk(tmp_path)
    loaded = load_bytes(data)
    assert loaded.conversation == loaded.recorded
    assert loaded.conversation.turns == conversation.turns
    assert (loaded.skipped, loaded.newer, loaded.recovered) == (0, 0, False)
    path = loaded.conversation.path()
    assert [turn.rounds for turn in path] == [turn.rounds for turn in conversation.path()]
    assert max(turn.rounds for turn in path) > 2


def test_wherever_the_file_ends_the_next_request_is_valid_and_nothing_runs(tmp_path: Path) -> None:
    data, _ = talk(tmp_path)
    ends = [at for at in range(len(data)) if data[at : at + 1] == b"\n"]
    unknown = 0
    for end in ends:
        loaded = load_bytes(data[: end + 1])
        chat = player()
        chat.session.conversation = loaded.conversation
        for turn in loaded.conversation.path():
            calls = {b.id for m in turn.messages for b in m.content if isinstance(b, ToolUseBlock)}
            given = [b for m in turn.messages for b in m.content if isinstance(b, ToolResultBlock)]
            assert {block.tool_use_id for block in given} == calls
            unknown += any(UNKNOWN in str(block.content) for block in given)
        chat.say("go on")
        assert set(chat.statuses) == {200}
    assert unknown


@pytest.mark.parametrize("end", [5, 8, 12])
def test_what_was_recovered_is_kept_and_gone_on_with(tmp_path: Path, end: int) -> None:
    data, _ = talk(tmp_path)
    path = tmp_path / "20260101-000000-00000000.jsonl"
    path.write_bytes(b"".join(data.splitlines(keepends=True)[:end]))
    opened = resume(path)
    chat = player(opened.journal)
    chat.session.begin_with(opened.loaded.conversation, opened.journal)
    chat.say("go on")
    opened.journal.close()
    again = load_bytes(path.read_bytes())
    assert again.conversation.turns == chat.session.conversation.turns
    assert again.skipped == 0


def test_a_turn_that_goes_on_is_written_anew_with_all_it_holds() -> None:
    log = RecordLog(0.0)
    turn = Turn(TurnId("t"), None, (ASKED,))
    log.begin(turn)
    log.delta(turn.id, "text", "lost?")
    grown = replace(
        turn, messages=(ASKED, Message("assistant", (ToolUseBlock("tool_use", "a", "t"),)))
    )
    piece = log.grow(grown)
    assert b"hi" not in piece  # what stands there is not written again
    log.delta(turn.id, "text", "more")
    loaded = load_bytes(log.everything()).conversation.turns[turn.id]
    assert loaded.messages[:2] == grown.messages
    assert loaded.text == "more"


def test_a_chat_that_is_killed_while_its_tools_run_goes_on(tmp_path: Path) -> None:
    met = soak(tmp_path, kills=6, seed=3)
    assert met["kills"] == 6
    assert met["calls"]
