"""The beginning of what was said, in a line: for the rows of tables."""

from typing import Final

from chatrepl.core.blocks import Block, ImageBlock, TextBlock
from chatrepl.core.conversation import Turn

_LONGEST: Final = 400


def asked(turn: Turn) -> str:
    """Give the beginning of a turn's question; what is attached stands there by its kind."""
    return beginning(" ".join(map(_named, turn.question)))


def beginning(text: str) -> str:
    """Give the beginning of a text in one line."""
    return " ".join(text[:_LONGEST].split())


def _named(block: Block) -> str:
    if isinstance(block, ImageBlock):
        return "[image]"
    text = block.to_markdown()
    return text[1:-1] if text.startswith("*[") and not isinstance(block, TextBlock) else text
