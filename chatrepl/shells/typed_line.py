"""What a line is that was typed or dropped at the prompt, and is no message."""

from typing import Final

# What every shell understands is no message: it would be paid for.
BARE: Final = {"exit": "/exit", "quit": "/exit", "help": "/help", "?": "/help keys"}


def is_dropped(text: str) -> bool:
    """Tell whether a text is files that were dropped onto the window."""
    if not text.startswith(("/", "~", "'", '"', "file:")):
        return False
    from chatrepl.attachments.dropped import are_dropped  # seldom needed

    return are_dropped(text)
