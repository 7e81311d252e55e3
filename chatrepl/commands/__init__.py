"""All slash commands; importing a module here registers its commands."""

from chatrepl.commands import attaching, context, info, saved, shaping, tree, turns

__all__ = ["attaching", "context", "info", "saved", "shaping", "tree", "turns"]
