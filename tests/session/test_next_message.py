"""What is set for the next message: what it begins with, what is taken back, what comes back."""

from chatrepl.attachments.attach import Attachment
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.exchange.form import Form
from chatrepl.core.talk.blocks import ImageBlock
from chatrepl.session.next_message import NextMessage


def file(data: str) -> Attachment:
    return Attachment(ImageBlock.base64("image/png", data), data, FileKind.IMAGE, "", None)


def test_a_pinned_prefill_waits_behind_one_of_this_reply_alone() -> None:
    assert NextMessage(pinned_prefill="Well").begins_with == "Well"
    assert NextMessage(prefill="So", pinned_prefill="Well").begins_with == "So"


def test_of_two_files_that_are_alike_only_the_one_that_was_sent_is_taken_back() -> None:
    mine, other = file("AAAA"), file("AAAA")
    left = NextMessage(staged=(mine, other)).without([other.block])
    assert len(left.staged) == 1
    assert left.staged[0] is mine


def test_what_is_set_already_stays_where_something_comes_back() -> None:
    form = Form.choose(("a", "b"))
    now = NextMessage((file("AAAA"),), prefill="So", form=form)
    saved = NextMessage((file("BBBB"),), "Then", "Well", Form({"type": "object"}))
    both = now.filled(saved)
    assert (both.prefill, both.pinned_prefill, both.form) == ("So", "Well", form)
    assert [item.name for item in both.staged] == ["AAAA", "BBBB"]


def test_a_picture_in_pieces_is_taken_back_whole() -> None:
    first, second = file("AAAA").block, file("BBBB").block
    cut = Attachment(first, "long.png", FileKind.IMAGE, "", None, more=(second,))
    other = file("CCCC")
    staged = NextMessage(staged=(cut, other))
    for piece in cut.blocks:
        assert staged.without([piece]).staged == (other,)
