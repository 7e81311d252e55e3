"""All slash commands; importing a module here registers its commands."""

from chatrepl.commands import (
    beside,
    compact,
    compare,
    connector,
    context,
    forms,
    help,  # noqa: A004 - the command's name
    next_reply,
    request,
    saved,
    settings,
    staging,
    tools,
    tree,
    trimming,
    turns,
    usage,
    workshop,
)
