"""All slash commands; importing a module here registers its commands."""

from chatrepl.commands import (
    compact,
    context,
    forms,
    next_reply,
    saved,
    settings,
    staging,
    tree,
    trimming,
    turns,
)
from chatrepl.commands import (
    help as help_,
)

__all__ = [
    "compact",
    "context",
    "forms",
    "help_",
    "next_reply",
    "saved",
    "settings",
    "staging",
    "tree",
    "trimming",
    "turns",
]
