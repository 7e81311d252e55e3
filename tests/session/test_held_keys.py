import pytest

from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock, TextBlock
from chatrepl.core.talk.conversation import Message
from chatrepl.session.held_keys import held_keys, in_words

GITHUB = "ghp_" + "a1B2" * 9
AWS = "AKIA" + "QJ7Z" * 4


@pytest.mark.parametrize(
    "block", [TextBlock(f"use {GITHUB}"), DocumentBlock.plain(f"token={GITHUB}\n", "notes.txt")]
)
def test_keys_are_found_in_the_text_and_in_text_files(block: TextBlock | DocumentBlock) -> None:
    message = Message("user", (TextBlock("look"), block))
    assert held_keys([message]) == {GITHUB: "a GitHub token"}


def test_pictures_and_other_files_are_not_read() -> None:
    blocks = (ImageBlock.base64("image/png", AWS), DocumentBlock.base64_pdf(AWS, "a.pdf"))
    assert held_keys([Message("user", blocks)]) == {}


def test_keys_are_told_by_their_kinds_alone() -> None:
    message = Message.user(f"{GITHUB} {AWS} {AWS[::-1]} my-own-key-0")
    words = in_words(held_keys([message], ["my-own-key-0"]))
    assert words == "This seems to hold an AWS key, a GitHub token and the key of this chat."
