"""The beginning of what was said, in a line: for the rows of tables."""

from typing import Final

from chatrepl.core.characters import is_unseen
from chatrepl.core.foreign_json import read_json
from chatrepl.core.talk.blocks import Block, ImageBlock, TextBlock
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.traces import trace

_LONGEST: Final = 400


def asked(turn: Turn) -> str:
    """Give the beginning of a turn's question; what is attached stands there by its kind."""
    return beginning(" ".join(map(_named, turn.question)))


def answered(turn: Turn) -> str:
    """Give the beginning of a turn's reply as Markdown; of one that was chosen, the choice alone.

    Of one without text stands there what else came.
    """
    if not is_unseen(text := reply_text(turn)[:_LONGEST]):
        return text.strip()
    blocks = turn.assistant.content if turn.assistant is not None else ()
    return beginning(" · ".join(row for block in blocks for row in trace(block)[:1]))


def reply_text(turn: Turn) -> str:
    """Give a turn's reply; of one that was chosen, the choice alone."""
    text = "" if turn.assistant is None else turn.assistant.text
    return _choice(text) or text


def _choice(text: str) -> str:
    if not text.startswith("{") or len(text) > _LONGEST:
        return ""
    value = read_json(text)
    choice = value.get("choice") if isinstance(value, dict) and len(value) == 1 else None
    return choice if isinstance(choice, str) else ""


def beginning(text: str) -> str:
    """Give the beginning of a text in one line."""
    return " ".join(text[:_LONGEST].split())


def _named(block: Block) -> str:
    if isinstance(block, ImageBlock):
        return "[image]"
    text = block.to_markdown()
    return text[1:-1] if text.startswith("*[") and not isinstance(block, TextBlock) else text
