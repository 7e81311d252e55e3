"""All slash commands; importing a module here registers its commands."""

from chatrepl.commands import attaching, context, info, shaping, tree, turns

__all__ = ["attaching", "context", "info", "shaping", "tree", "turns"]
