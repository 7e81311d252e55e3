import pytest

from chatrepl.core.talk.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UnknownBlock,
)
from chatrepl.core.talk.message import Message
from chatrepl.session.held_keys import held_keys, in_words

GITHUB = "ghp_" + "a1B2" * 9
AWS = "AKIA" + "QJ7Z" * 4


@pytest.mark.parametrize(
    "block",
    [
        TextBlock(f"use {GITHUB}"),
        DocumentBlock.plain(f"token={GITHUB}\n", "notes.txt"),
        DocumentBlock.plain("nothing", f"{GITHUB}.txt"),
        DocumentBlock.base64_pdf("JVBE", f"{GITHUB}.pdf"),
        ImageBlock({"type": "url", "url": f"https://h.example/a.png?t={GITHUB}"}),
        ToolUseBlock("tool_use", "t", "run", {"env": [{"TOKEN": GITHUB}]}),
        ToolResultBlock("tool_result", "t", [{"type": "text", "text": GITHUB}]),
        UnknownBlock({"type": "chart", "rows": [["a", GITHUB]]}),
    ],
)
def test_keys_are_found_wherever_a_block_has_words(block: Block) -> None:
    message = Message("user", (TextBlock("look"), block))
    assert held_keys([message]) == {GITHUB: "a GitHub token"}


def test_what_is_no_text_is_not_read() -> None:
    blocks = (
        ImageBlock.base64("image/png", AWS),
        DocumentBlock.base64_pdf(AWS, "a.pdf"),
        ThinkingBlock("well", AWS),
        RedactedThinkingBlock(AWS),
        UnknownBlock({"type": "x", "encrypted_content": AWS}),
    )
    assert held_keys([Message("assistant", blocks)]) == {}


def test_keys_are_told_by_their_kinds_alone() -> None:
    message = Message.user(f"{GITHUB} {AWS} {AWS[::-1]} my-own-key-0")
    words = in_words(held_keys([message], ["my-own-key-0"]))
    assert words == "This seems to hold an AWS key, a GitHub token and the key of this chat."
