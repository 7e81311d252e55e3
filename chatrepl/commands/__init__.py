"""All slash commands; importing a module here registers its commands."""

from chatrepl.commands import (
    attaching,
    clipboard,
    compacting,
    context,
    info,
    saved,
    settings,
    shaping,
    structured,
    tree,
    trimming,
    turns,
)

__all__ = [
    "attaching",
    "clipboard",
    "compacting",
    "context",
    "info",
    "saved",
    "settings",
    "shaping",
    "structured",
    "tree",
    "trimming",
    "turns",
]
