"""Replies that the user writes over."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.commands.rewriting import rewrite, rewrite_open
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.outcome import Draft, Edit
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.rewriting import rewritten
from tests.commands.playing import Player

MODELS = tuple(TABLE)
CUTS = 25
TALK = ("demo: think", "demo: search otters", "demo: stop tool_use", "some python code")


def written(player: Player, text: str) -> Turn:
    player.act(rewrite_open(player.session, text))
    return player.session.conversation.path()[-1]


@pytest.mark.parametrize("model", MODELS)
def test_after_any_cut_the_next_request_is_valid_and_continue_goes_on(model: str) -> None:
    chance = random.Random(model)
    player = Player(Settings(model=model, web=True))
    player.engine.caller = "none"
    for text in TALK:
        player.say(text)
    whole, talk = player.session.conversation, player.session.conversation.path()
    for _ in range(CUTS):
        player.session.change(whole)
        number = chance.randrange(len(talk))
        text = talk[number].text or "nothing"
        cut = text[: chance.randint(1, len(text))] + chance.choice(["", " ", "\n", "!", " and"])
        rewrite(player.session, talk[number], cut)
        sent = len(player.statuses)
        if cut.strip() and player.session.conversation is not whole and chance.random() < 0.5:
            player.do("/continue")
            last = player.session.conversation.path()[-1]
            assert last.text.startswith(cut.rstrip())
        player.say("demo: say on")
        assert all(status == 200 for status in player.statuses[sent:])


@pytest.mark.parametrize("model", MODELS)
def test_what_is_continued_from_the_models_own_words_is_joined_without_doubling(model: str) -> None:
    chance = random.Random(model)
    player = Player(Settings(model=model))
    player.engine.caller = "none"
    player.say("hello")  # the first reply has a note of its own
    text = player.say("some python code").text
    start, turn = player.session.conversation, player.session.conversation.path()[-1]
    for at in chance.sample(range(1, len(text) - 1), CUTS):
        player.session.change(start)
        rewrite(player.session, turn, text[:at])
        player.do("/continue")
        assert player.session.conversation.path()[-1].text == text


def test_it_is_a_sibling_of_yours_one_step_for_undo_without_its_thinking(tmp_path: Path) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.say("demo: think; say so")
    player.say("demo: say later")
    before = player.session.conversation
    player.do("/edit 1 reply")
    assert player.drafts == [before.path()[0].text]
    turn = written(player, "My own words.")
    assert "The turns after it stay in the other branch." in player.heard
    assert (turn.parent, turn.text, turn.by_hand, turn.receipt) == (
        None,
        "My own words.",
        True,
        None,
    )
    assert b"signature" not in player.session.request(Message.user("x")).encode()
    player.do("/history")
    assert player.tables[-1].rows[0][-1].endswith("written by you")
    assert player.session.next.rewrites is None
    for format_ in ("md", "html"):
        player.do(f"/export! {format_} {tmp_path / 'out'}")
        assert "Assistant (written by you)" in (tmp_path / "out").read_text()
    player.do("/continue")
    player.do("/history")
    assert player.tables[-1].rows[0][-1].endswith("begun by you")
    player.do("/undo 2")
    assert player.session.conversation.state == before.state


@pytest.mark.parametrize("text", ["demo words", "demo words\n", "demo words  ", "", " \n"])
def test_unchanged_or_blank_it_changes_nothing(text: str) -> None:
    player = Player()
    player.say("demo: say demo words")
    before = player.session.conversation
    player.do("/edit reply")
    player.act(rewrite_open(player.session, text))
    assert player.session.conversation is before
    assert player.heard == "The reply stays as it was."
    assert rewrite_open(player.session, "other") is None


def test_a_long_reply_and_one_like_a_command_are_opened_in_the_editor() -> None:
    player = Player()
    player.say("some python code")
    assert isinstance(player.do("/edit 1 reply"), Edit)
    assert player.text == "edited"
    player.say("demo: say /etc/hosts")
    assert isinstance(player.do("/edit reply"), Edit)
    player.say("demo: say short")
    assert isinstance(player.do("/edit reply"), Draft)
    player.do("/edit")  # another edit leaves that one
    assert player.session.next.rewrites is None


def test_only_a_reply_can_be_changed_and_only_a_turn_that_is_there() -> None:
    player = Player()
    player.do("/user One.")
    for line in ("/edit reply", "/edit 2 reply", "/edit 0 reply", "/edit 1 question"):
        with pytest.raises(UsageError):
            player.do(line)


def test_what_can_be_edited_is_offered() -> None:

    player = Player()
    player.say("demo: say one")

    def offers(line: str) -> list[str]:
        return [word for word, _ in complete_line(player.session, line)[1]]

    assert offers("/edit ") == ["1", "reply"]
    assert offers("/edit r") == ["reply"]
    assert offers("/edit 1 ") == ["reply"]


WIRE = [
    {"type": "thinking", "thinking": "hm", "signature": "s"},
    {"type": "text", "text": "I look."},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    {"type": "text", "text": "So."},
    {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WIRE), unique_by=json.dumps), st.booleans())
def test_of_a_reply_stays_what_was_looked_up_and_nothing_else(
    wire: list[dict[str, object]], more: bool
) -> None:
    reply = Message("assistant", tuple(map(block_from_wire, wire)), "m", "b")
    after = [Message.user("result")] if more else []
    turn = Turn(TurnId("t"), None, (Message.user("q"), reply, *after))
    first, last = rewritten(turn, "Mine.")
    assert first == turn.messages[0]
    kinds = [block.type for block in last.content]
    assert kinds[-1] == "text"
    assert last.text == "Mine."
    assert set(kinds[:-1]) <= {"server_tool_use", "web_search_tool_result"}
    assert (last.model, last.bound) == ("", "")


def test_without_a_reply_a_turn_stays_as_it_is() -> None:
    turn = Turn(TurnId("t"), None, (Message.user("q"),))
    assert rewritten(turn, "x") == turn.messages
