from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, TextBlock, UnknownBlock
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.excerpts import answered, asked, beginning, reply_text
from chatrepl.core.talk.message import Message


def test_what_is_attached_is_named_without_markdown() -> None:
    image = ImageBlock.base64("image/png", "AAAA")
    notes = DocumentBlock.plain("text", "notes.txt")
    turn = Turn(TurnId("a"), None, (Message.user("*[why]*\n now?", image, notes),))

    assert asked(turn) == "[image] [document: notes.txt] *[why]* now?"


def test_a_beginning_is_one_line_and_short() -> None:
    assert beginning(" a\n\tb ") == "a b"
    assert len(beginning("x" * 9_000)) == 400


def test_of_a_choice_the_choice_is_shown() -> None:
    def reply(text: str) -> str:
        said = (Message.user("q"), Message("assistant", (TextBlock(text),)))
        turn = Turn(TurnId("a"), None, said)
        assert answered(turn) == reply_text(turn)
        return reply_text(turn)

    assert reply('{"choice":"dark red"}') == "dark red"
    for other in ("red", '{"choice":1}', '{"choice":"a","b":2}', '{"choice":', ""):
        assert reply(other) == other
    assert answered(Turn(TurnId("a"), None, (Message.user("q"),))) == ""


def test_of_a_reply_without_text_stands_there_what_came() -> None:
    blocks = (UnknownBlock({"type": "hologram"}), UnknownBlock({"type": "compaction"}))
    turn = Turn(TurnId("a"), None, (Message("assistant", blocks),))

    told = "a block this version does not know: hologram · the service could not summarise the past"
    assert answered(turn) == told
