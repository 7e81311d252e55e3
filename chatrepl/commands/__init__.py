"""All slash commands; importing a module here registers its commands."""

from chatrepl.commands import (
    attaching,
    clipboard,
    context,
    info,
    settings,
    shaping,
    structured,
    tree,
    turns,
)

__all__ = [
    "attaching",
    "clipboard",
    "context",
    "info",
    "settings",
    "shaping",
    "structured",
    "tree",
    "turns",
]
