"""Texts to and from the clipboard and the editor."""

from dataclasses import replace

import pytest

from chatrepl.attachments.clipboard import Clipboard
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import UsageError
from chatrepl.core.talk.blocks import TextBlock, UnknownBlock
from chatrepl.core.talk.conversation import Receipt
from chatrepl.core.talk.message import Message
from tests.commands.playing import Player
from tests.data.pictures import PNG

CODE = "Look:\n\n```python\nprint(1)\n```\n\nand\n\n```\ntwo\n```\n"


@pytest.fixture
def player() -> Player:
    player = Player()
    player.session.add_turn(None, Message.user("Code?"), _reply(CODE))
    player.session.add_turn(player.session.conversation.head, Message.user("Sure?"), _reply("Yes."))
    return player


def _reply(text: str) -> Message:
    return Message("assistant", Message.user(text).content)


def test_replies_code_and_all_are_copied_exactly(player: Player) -> None:
    for line in ("/copy", "/copy 1", "/copy code", "/copy code 1", "/copy all"):
        player.do(line)

    assert player.copied[:4] == ["Yes.", CODE, "two\n", "print(1)\n"]
    assert player.copied[4].startswith("## You\n\nCode?\n\n## Reply\n\nLook:")


def test_sources_are_copied_unless_they_are_not_wanted(player: Player) -> None:
    cited = {"url": "https://a.example", "title": "A"}
    search = UnknownBlock({"type": "new_tool_result"})
    blocks = (TextBlock("Wait."), search, TextBlock("So", (cited,)), TextBlock("."))
    head = player.session.conversation.head
    player.session.add_turn(head, Message.user("Why?"), Message("assistant", blocks))
    for line in ("/copy", "/copy all", "/set cite false", "/copy"):
        player.do(line)

    whole, everything, plain = player.copied
    assert whole == "Wait.\n\nSo[^1].\n\n[^1]: A <https://a.example>\n"
    assert everything.endswith(whole)
    assert plain == "Wait.\n\nSo."


def test_of_a_reply_that_was_chosen_the_choice_is_copied(player: Player) -> None:
    chosen = _reply('{"choice": "yes"}')
    player.session.add_turn(player.session.conversation.head, Message.user("Well?"), chosen)
    for line in ("/copy", "/copy all"):
        player.do(line)
    assert player.copied[0] == "yes"
    assert player.copied[1].endswith("Well?\n\n## Reply\n\nyes\n")


def test_a_reply_without_a_text_is_not_copied_as_nothing(player: Player) -> None:
    made = Message("assistant", (UnknownBlock({"type": "new"}),))
    player.session.add_turn(player.session.conversation.head, Message.user("Why?"), made)
    with pytest.raises(UsageError, match="no text"):
        player.do("/copy")
    assert player.copied == []


def test_code_that_is_left_open_swallows_nothing_of_what_is_copied(player: Player) -> None:
    for asked, replied in (("```\nx", "~~~\ny"), ("Go on.", "```\nz\n")):
        head = player.session.conversation.head
        player.session.add_turn(head, Message.user(asked), _reply(replied))
    player.do("/copy all")

    assert player.copied[-1].endswith(
        "## You\n\n```\nx\n```\n\n## Reply\n\n~~~\ny\n~~~\n\n"
        "## You\n\nGo on.\n\n## Reply\n\n```\nz\n```\n"
    )


def test_a_code_block_is_copied_by_its_language(player: Player) -> None:
    player.do("/copy code py")

    assert player.copied == ["print(1)\n"]
    with pytest.raises(UsageError, match="No reply holds a code block of rust"):
        player.do("/copy code rust")


def test_what_was_copied_is_said(player: Player) -> None:
    for line, words in (
        ("/copy", "Copied the reply, 1 line "),
        ("/copy 1", "Copied the reply, 11 lines "),
        ("/copy code", "Copied 1 line of code "),
        ("/copy code py", "Copied 1 line of python "),
        ("/copy all", "Copied the conversation, 25 lines "),
    ):
        player.do(line)
        assert words in player.heard


def test_a_block_that_holds_others_is_copied_whole_or_not_at_all(player: Player) -> None:
    inner = "# Log\n\n```yaml\na: 1\n```\n\nend\n"
    head = player.session.conversation.head
    player.session.add_turn(
        head, Message.user("?"), _reply(f"> ```md\n{inner}```\n".replace("\n", "\n> "))
    )
    player.do("/copy code md")
    player.do("/copy code 1")
    assert player.copied == [inner, inner]

    player.session.add_turn(head, Message.user("?"), _reply(f"```md\n{inner}"))
    for line in ("/copy code", "/copy code py", "/copy code 1"):
        with pytest.raises(UsageError, match="cannot be told"):
            player.do(line)


def test_a_block_that_was_cut_with_its_reply_is_not_copied(player: Player) -> None:
    head = player.session.conversation.head
    player.session.add_turn(head, Message.user("?"), _reply("```py\na\n```\n\n```sh\nrm -r"))
    player.do("/copy code")
    assert player.copied.pop() == "rm -r"

    last = player.session.conversation.path()[-1]
    player.session.conversation = player.session.conversation.add(replace(last, receipt=Receipt()))
    with pytest.raises(UsageError, match="was cut"):
        player.do("/copy code")
    player.do("/copy code py")
    assert player.copied == ["a\n"]


def test_what_cannot_be_copied_is_said(player: Player) -> None:
    for line, words in (
        ("/copy 7", "no turn 7"),
        ("/copy 0", "no turn 0"),
        ("/copy code 3", "no code block 3"),
        ("/copy code 0", "no code block 0"),
        ("/copy nothing", "/copy takes"),
        ("/copy 1 2", "/copy takes"),
    ):
        with pytest.raises(UsageError, match=words):
            player.do(line)
    player.do("/user And now?")
    with pytest.raises(UsageError, match="no reply"):
        player.do("/copy")
    player.do("/copy all")
    assert player.copied[-1].endswith("And now?\n")
    player.do("/goto 0")
    player.do("/assistant Plain.")
    player.do("/copy all")
    assert player.copied[-1] == "## Reply\n\nPlain.\n"
    with pytest.raises(UsageError, match="No reply holds"):
        player.do("/copy code")
    player.do("/goto 0")
    player.do("/user Hm.")
    with pytest.raises(UsageError, match="No reply holds"):
        player.do("/copy code")


def test_paste_stages_images_and_drafts_text(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player()
    monkeypatch.setattr(Clipboard, "read", lambda _self: PNG)
    player.do("/paste")
    assert player.session.next.staged[0].block.type == "image"
    assert player.heard.startswith("▣ clipboard · PNG 1×1")
    player.do("/paste")
    assert player.heard == "clipboard is attached already."
    assert len(player.session.next.staged) == 1
    monkeypatch.setattr(Clipboard, "read", lambda _self: "Grüße".encode())
    player.do("/paste")
    assert player.drafts == ["Grüße"]


def test_the_editor_gives_the_text_back_to_the_prompt() -> None:
    player = Player(edited="long\ntext\n")
    player.do("/editor begin")

    assert player.drafts == ["long\ntext"]


def test_what_to_copy_is_completed(player: Player) -> None:
    offered = [text for text, _ in complete_line(player.session, "/copy ")[1]]

    assert offered == ["code", "all", "2", "1"]
