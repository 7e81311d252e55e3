"""History, undo and redo, retry, continue, clear."""

import pytest

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.commands import turns
from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import ThinkingBlock
from chatrepl.core.talk.conversation import Summary
from chatrepl.core.talk.message import Message
from tests.commands.playing import CutError, Player, probe
from tests.data.pictures import PNG


def test_history_numbers_the_turns_and_tells_their_state() -> None:
    player = Player()
    player.do("/history")
    assert player.heard == "Nothing has been said yet."
    player.say("demo: say one")
    player.say("demo: stop refusal")
    player.do("/user by hand")
    player.say("demo: stop max_tokens; count to 40")
    player.do("/history")
    rows = player.tables[-1].rows
    assert [(row[0], row[4]) for row in rows] == [
        ("1", "sent"), ("2", "refused"), ("3", "sent"), ("4", "cut"),
    ]  # fmt: skip
    player.do("/history 1")
    assert [row[0] for row in player.tables[-1].rows] == ["4"]


def test_a_long_history_shows_its_end_and_tells_how_to_see_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "LISTED", 2)
    player = Player()
    for number in range(3):
        player.do(f"/user {number}")
        player.do("/history")
    assert [row[1] for row in player.tables[-1].rows] == ["1", "2"]
    assert player.tables[-1].footer == "The newest 2 of 3 turns; /history 3 lists all."
    assert player.tables[-2].footer == ""
    player.do("/history 3")
    assert [row[1] for row in player.tables[-1].rows] == ["0", "1", "2"]
    assert player.tables[-1].footer == ""


def test_history_estimates_a_cut_reply_and_names_what_is_attached() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    player.do("/think off")
    player.cut_after = 12
    player.session.stage(from_bytes(PNG, "a.png", limits=limits_of(player.session.model)))
    with pytest.raises(CutError):
        player.say("demo: count to 30")
    player.do("/history")
    row = player.tables[-1].rows[0]
    assert row[1] == "[image] demo: count to 30"
    assert row[3].startswith("~")
    assert row[4] == "cut"
    player.do("/tree")
    assert player.tables[-1].rows[0][3] == "[image] demo: count to 30"


def test_history_tells_of_each_turn_the_tokens_that_context_tells() -> None:
    player = Player()
    player.say("demo: say ok\n" + "otters swim " * 4000)
    player.say("demo: count to 40")
    player.do("/user by hand")
    player.do("/history")
    player.do("/context")
    history, context = player.tables[-2], player.tables[-1]
    assert [row[3] for row in history.rows] == [row[1] for row in context.rows]
    assert float(history.rows[0][3].strip("~").removesuffix("k")) > 4


def test_history_tells_what_the_cache_holds() -> None:
    player = Player()
    player.say("demo: say ok\n" + "otters swim " * 400)
    player.do("/history")

    assert player.tables[-1].rows[0][4] == "cached"


def test_history_tells_dropped_and_summarised_turns() -> None:
    player = Player()
    player.say("demo: say one")
    player.say("demo: say two")
    one, two = player.session.conversation.path()
    player.session.change(player.session.conversation.with_marks({two.id: "dropped"}))
    player.session.adjust(summary=Summary(frozenset({one.id}), "It was said."))
    player.do("/history")

    assert [row[4] for row in player.tables[-1].rows] == ["summarised", "dropped"]


def test_undo_and_redo_step_over_turns_and_settings_of_the_conversation() -> None:
    player = Player()
    player.say("demo: say one")
    player.do("/system Be brief.")
    after = probe(player.session.conversation)
    player.do("/undo 2")
    assert "Turn 1 is taken back. The conversation is empty again; /redo brings" in player.heard
    player.do("/redo")
    assert player.heard == "Turn 1 is back. The conversation has 1 turn now."
    player.do("/redo")
    assert player.heard == "The system prompt is back."
    player.do("/undo")
    assert player.heard.startswith("There is no system prompt any more.")
    with pytest.raises(UsageError, match="There is 1 step to bring back"):
        player.do("/redo 5")
    player.do("/redo")
    assert probe(player.session.conversation) == after
    with pytest.raises(UsageError, match="nothing to redo"):
        player.do("/redo")
    with pytest.raises(UsageError, match="There are 2 steps to take back"):
        player.do("/undo 99")
    assert probe(player.session.conversation) == after
    player.do("/undo 2")
    with pytest.raises(UsageError, match="nothing to undo"):
        player.do("/undo")


def test_what_is_typed_after_clear_waits_in_the_prompt() -> None:
    player = Player()
    player.do("/clear And a first\nmessage")
    assert player.drafts == ["And a first\nmessage"]
    player.say("demo: say one")
    player.do("/new Another")
    assert player.drafts[1:] == ["Another"]
    assert player.session.conversation.turns == {}


def test_clear_keeps_the_old_conversation_and_the_system_prompt() -> None:
    player = Player()
    player.do("/clear")
    assert "empty already" in player.heard
    player.do("/system Be brief.")
    player.say("demo: say one")
    old, recorder = player.session.conversation, player.session.recorder
    player.do("/clear")
    assert player.session.recorder is not recorder
    assert player.session.system == "Be brief."
    player.say("demo: say two")
    player.do("/undo 2")
    assert player.heard.startswith("The other conversation is open again.")
    assert player.session.conversation == old
    assert player.session.recorder is recorder
    player.do("/redo 2")
    assert player.text == "two"


def test_clear_says_that_the_old_conversation_is_saved() -> None:
    player = Player()
    player.say("demo: say one")

    class Kept(type(player.session.recorder)):  # type: ignore[misc]
        id = "abc"

    player.session.recorder = Kept()
    player.do("/clear")

    assert "saved" in player.heard


def test_retry_keeps_the_other_reply() -> None:
    player = Player()
    with pytest.raises(UsageError, match="nothing to ask again"):
        player.do("/retry")
    player.say("demo: say one")
    player.do("/retry")
    conversation = player.session.conversation
    assert conversation.head is not None
    assert len(conversation.children(None)) == 2
    player.do("/goto 0")
    player.do("/assistant Hello.")
    with pytest.raises(UsageError, match="no question"):
        player.do("/retry")


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-5-5", "claude-sonnet-4-6"])
def test_continue_gives_the_whole_of_a_cut_reply(model: str) -> None:
    whole = Player(Settings(model=model))
    whole.say("demo: count to 60")
    player = Player(Settings(model=model, max_tokens=20))
    player.say("demo: count to 60")
    player.session.use(max_tokens=8000)
    player.do("/continue")

    assert player.text.split() == whole.text.split()
    assert set(player.statuses) == {200}
    assert len(player.session.conversation.path()) == 1


def test_continue_goes_on_after_an_interrupt_and_by_hand() -> None:
    player = Player()
    with pytest.raises(UsageError, match="nothing to go on with"):
        player.do("/continue")
    player.do("/user demo: count to 30")
    with pytest.raises(UsageError, match="no text to go on with"):
        player.do("/continue")
    player.do("/assistant 1, 2, 3,")
    player.do("/continue")
    assert player.text.startswith("1, 2, 3,")
    player.do("/think off")
    player.do("/model haiku-4-5")
    player.cut_after = 12
    with pytest.raises(CutError):
        player.say("demo: count to 30")
    assert player.session.conversation.path()[-1].was_cut


def test_a_failed_turn_leaves_the_conversation_as_it_was() -> None:
    player = Player()
    player.say("demo: say one")
    before = player.session.conversation
    with pytest.raises(ApiError):
        player.say("demo: error 500")

    assert player.session.conversation is before


def test_thinking_that_nobody_vouches_for_is_not_sent() -> None:
    player = Player()
    thought = Message("assistant", (ThinkingBlock("hm", "forged"), *Message.user("Yes.").content))
    player.session.add_turn(None, Message.user("Well?"), thought)
    player.say("demo: say fine")

    assert player.statuses == [200]


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-sonnet-4-6"])
def test_going_on_with_a_whole_reply_leaves_it_whole(model: str) -> None:
    player = Player(Settings(model=model))
    player.say("demo: count to 60")
    whole = player.text
    player.do("/continue")

    assert player.text.strip() == whole.strip()


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-5-5"])
def test_a_reply_without_a_question_is_gone_on_with(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/assistant Well,")
    player.do("/continue")

    assert player.text.startswith("Well,")
    assert player.statuses == [200]
