"""The tree: edit, branch, goto, and turns written by hand."""

from pathlib import Path

import pytest

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Draft
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, UnknownBlock
from chatrepl.core.talk.conversation import TurnId
from chatrepl.core.talk.message import Message
from tests.commands.playing import Player
from tests.data.pictures import PNG


@pytest.fixture
def player() -> Player:
    player = Player()
    for word in ("one", "two", "three"):
        player.say(f"demo: say {word}")
    return player


def test_edit_puts_the_question_back_and_branches_off_there(player: Player) -> None:
    player.do("/edit 2")
    assert player.drafts == ["demo: say two"]
    player.say("demo: say other")

    replies = [turn.assistant.text for turn in player.session.conversation.path() if turn.assistant]
    assert replies == ["one", "other"]
    assert player.session.next.base is None
    assert len(player.session.conversation.turns) == 4


def test_one_undo_takes_an_edit_back(player: Player) -> None:
    head = player.session.conversation.head
    player.do("/edit 1")
    player.say("demo: say other")
    player.do("/undo")

    assert player.session.conversation.head == head


def test_edit_without_a_number_takes_the_last_question(player: Player) -> None:
    outcome = player.do("/edit")

    assert isinstance(outcome, Draft)
    assert outcome.text == "demo: say three"
    assert outcome.base is player.session.next.base


def test_edit_stages_what_was_attached_again() -> None:
    player = Player()
    session = player.session
    session.stage(from_bytes(PNG, "a.png", limits=limits_of(session.model)))
    player.say("demo: say seen")
    message = Message.user(
        "text", DocumentBlock.plain("notes", None), ImageBlock.url("https://a/b")
    )
    session.add_turn(session.conversation.head, message)
    player.do("/edit")
    assert [item.block.type for item in session.next.staged] == ["document", "image"]
    player.do("/edit 1")

    assert [item.block.type for item in session.next.staged] == ["image"]
    assert player.drafts[-1] == "demo: say seen"


def test_an_edit_loses_nothing_of_a_question_that_has_no_class_here() -> None:
    player = Player()
    session = player.session
    strange = UnknownBlock({"type": "search_result", "source": "a", "title": "b", "content": []})
    session.add_turn(session.conversation.head, Message.user("text", strange))
    player.do("/edit")

    assert [(item.block, item.line) for item in session.next.staged] == [
        (strange, "▣ the search result · sent before")
    ]


def test_what_is_attached_again_is_called_as_it_was() -> None:
    player = Player()
    session = player.session
    files = DocumentBlock.plain("notes", "notes.txt"), DocumentBlock.plain("x"), ImageBlock.url("a")
    session.add_turn(session.conversation.head, Message.user("text", *files))
    player.do("/edit")
    player.do("/image")

    assert player.heard.splitlines() == [
        "1 ▣ notes.txt · sent before",
        "2 ▣ the document · sent before",
        "3 ▣ the image · sent before",
    ]


def test_an_edit_that_is_left_leaves_what_was_staged_before_and_nothing_else() -> None:
    player = Player()
    session = player.session
    session.stage(from_bytes(PNG, "a.png", limits=limits_of(session.model)))
    player.say("demo: say seen")
    mine = from_bytes(PNG, "b.png", limits=limits_of(session.model))
    session.prepare(staged=(mine,))
    player.do("/edit")
    assert [item.block.type for item in session.next.staged] == ["image", "image"]
    session.leave_edit()

    assert session.next.base is None
    assert session.next.staged == (mine,)
    session.leave_edit()
    assert session.next.staged == (mine,)


@pytest.mark.parametrize("line", ["/undo", "/clear", "/retry", "/system Be brief."])
def test_an_edit_that_another_command_ends_leaves_nothing_staged(line: str) -> None:
    player = Player()
    session = player.session
    session.stage(from_bytes(PNG, "a.png", limits=limits_of(session.model)))
    player.say("demo: say seen")
    player.say("demo: say more")
    player.do("/edit 1")
    player.do(line)

    assert session.next.base is None
    assert not session.next.staged


def test_edit_says_what_it_cannot_change(player: Player) -> None:
    with pytest.raises(UsageError, match="no turn 9"):
        player.do("/edit 9")
    player.session.add_turn(None, Message("assistant", Message.user("Hi").content))
    with pytest.raises(UsageError, match="no question"):
        player.do("/edit")
    with pytest.raises(UsageError, match="Nothing has been said"):
        Player().do("/edit")


def test_a_changed_conversation_ends_an_edit(player: Player) -> None:
    player.do("/edit 1")
    player.do("/undo")

    assert player.session.next.base is None


def test_goto_takes_numbers_ids_their_beginnings_and_names(player: Player) -> None:
    path = player.session.conversation.path()
    player.do("/branch here")
    for place, wanted in (
        ("1", path[0].id),
        (path[1].id, path[1].id),
        (path[2].id[:-1], path[2].id),
        ("here", path[2].id),
        ("0", None),
    ):
        player.do(f"/goto {place}")
        assert player.session.conversation.head == wanted
    assert "beginning" in player.heard


def test_goto_says_what_it_does_not_find(player: Player) -> None:
    with pytest.raises(UsageError, match="no turn or branch nowhere"):
        player.do("/goto nowhere")
    with pytest.raises(UsageError, match="could be"):
        player.do("/goto 0000")
    player.do("/goto 3")
    assert player.heard == "You are there already."


def test_branches_are_listed_and_may_not_look_like_turns(player: Player) -> None:
    player.do("/branch")
    assert "No branch" in player.heard
    player.do("/branch fox")
    player.do("/goto 0")
    player.do("/branch start")
    player.do("/branch")
    assert player.heard == "fox · demo: say three\nstart · the beginning"
    for name in ("12", player.session.conversation.turns[TurnId("00001eef")].id):
        with pytest.raises(UsageError, match="taken for a turn"):
            player.do(f"/branch {name}")
    player.do("/branch 00001e")  # as ids begin, which nobody can foresee
    player.do("/goto fox")
    player.do("/goto 00001e")
    assert "At the beginning" in player.heard


def test_the_tree_shows_siblings_ids_and_where_we_are(player: Player) -> None:
    player.do("/retry")
    player.do("/branch b")
    player.do("/branch c")
    player.do("/tree")
    rows = player.tables[-1].rows

    assert [row[0] for row in rows] == ["*", "*", "", ">"]
    assert [row[1] for row in rows] == ["1", "2", "", "3"]
    assert [row[3] for row in rows[2:]] == ["  demo: say three"] * 2
    assert [row[5] for row in rows] == ["", "", "", "b, c"]
    assert {row[2] for row in rows} == set(player.session.conversation.turns)


def test_turns_that_begin_alike_are_shown_in_the_tree_from_where_they_part() -> None:
    player = Player()
    asked = [
        "Name three rivers of Asia.",
        "Name three rivers of Africa.",
        "Name one.",
        "Name three",
    ]
    for question in asked:
        player.do("/goto 0")
        player.do(f"/user {question}")
    replies = ["They all begin with this.", "They all begin with that.", "Not so."]
    for reply in (*replies, replies[0]):
        player.do("/goto 0")
        player.do(f"/assistant {reply}")
    player.do("/tree")
    rows = player.tables[-1].rows

    assert player.tables[-1].headings[-1] == "reply", "no branch has a name"
    assert [row[3].strip() for row in rows[:4]] == [asked[0], "…Africa.", *asked[2:]]
    assert [row[4] for row in rows[4:]] == [replies[0], "…that.", replies[2], "(the same)"]


def test_the_tree_tells_when_we_are_at_its_beginning(player: Player) -> None:
    player.do("/goto 0")
    player.do("/tree")
    assert "beginning" in player.heard
    empty = Player()
    empty.do("/tree")
    assert empty.heard == "Nothing has been said yet."


def test_long_words_are_shortened_in_the_tree() -> None:
    player = Player()
    player.do(f"/user {'x' * 60}")
    player.do(f"/user {'x' * 61}")
    player.do("/tree")

    assert [row[3] for row in player.tables[-1].rows] == ["x" * 60, f"{'x' * 59}…"]


def test_messages_by_hand_are_sent_with_the_next_question() -> None:
    player = Player()
    player.do("/user What is 2+2?")
    player.do("/assistant Four.")
    player.do("/assistant Indeed.")
    player.say("demo: say fine")
    sent = [(m.role, m.text) for m in player.requests[-1].messages]

    assert sent == [
        ("user", "What is 2+2?"),
        ("assistant", "Four.Indeed."),
        ("user", "demo: say fine"),
    ]
    assert player.statuses == [200]


def test_retry_asks_for_a_reply_to_a_message_by_hand() -> None:
    player = Player()
    player.do("/user demo: say yes")
    player.do("/retry")

    assert player.text == "yes"


def test_places_and_numbers_are_completed(player: Player) -> None:

    player.do("/branch fox")
    assert [text for text, _ in complete_line(player.session, "/goto f")[1]] == ["fox"]
    assert [text for text, _ in complete_line(player.session, "/edit ")[1]] == [
        "3",
        "2",
        "1",
        "reply",
    ]


def test_a_reply_by_hand_answers_the_question_that_waits_and_else_stands_alone() -> None:
    player = Player()
    player.do("/assistant Hello.")
    player.do("/user What is 2+2?")
    player.do("/assistant Four.")
    player.do("/assistant Indeed.")
    path = player.session.conversation.path()

    assert [[message.text for message in turn.messages] for turn in path] == [
        ["Hello."],
        ["What is 2+2?", "Four."],
        ["Indeed."],
    ]


def test_a_mention_in_a_message_that_is_added_is_said_to_attach_nothing(
    player: Player, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("a note")
    player.do("/user see @notes.txt and @nobody")
    assert player.heard.endswith("it back. notes.txt: not attached; /image attaches before /user.")

    player.do("/user see me@home")
    assert player.heard.endswith("/undo takes it back.")
