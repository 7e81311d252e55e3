"""What a line is that was typed or dropped at the prompt, and is no message."""

from collections.abc import Callable
from typing import Final

from chatrepl.commands.registry import REGISTRY
from chatrepl.commands.slash import looks_like_path
from chatrepl.commands.slash import split as split_command
from chatrepl.core.errors import UnsentError

_LONGEST: Final = 60

# What every shell and editor understands is no message: it would be paid for.
BARE: Final = {
    "?": "/help keys",
    **dict.fromkeys(("help", ":help", ".help", "help()"), "/help"),
    **dict.fromkeys(("exit", ":exit", ".exit", "exit()"), "/exit"),
    **dict.fromkeys(("quit", ":quit", ".quit", "quit()"), "/exit"),
    **dict.fromkeys((":q", ":q!", ":qa", ":wq", ":x"), "/exit"),
}


def is_dropped(text: str) -> bool:
    """Tell whether a text is files that were dropped onto the window."""
    if not text.startswith(("/", "~", "'", '"', "file:")):
        return False
    from chatrepl.attachments.dropped import are_dropped  # seldom needed

    return are_dropped(text)


def is_command(
    text: str, ask: Callable[[str], bool | None], is_own: Callable[[str], object] = lambda _: ""
) -> bool:
    """Tell whether a line with a slash is one; what is rather a path is asked about."""
    word = split_command(text)[0].removesuffix("!")
    if REGISTRY.knows(word) or not looks_like_path(text) or is_own(word):
        return True
    path, *more = text.split(maxsplit=1)
    begin = f"{path[:_LONGEST]}{' …' if more or len(path) > _LONGEST else ''}"
    if ask(f"{begin} is no command. y: send as a message · N: back to the prompt"):
        return False
    raise UnsentError


def is_to_attach(ask: Callable[[str], bool | None]) -> bool:
    """Ask whether dropped files are to be attached."""
    answer = ask("Attach it? y: attach · N: go on as text · Esc: change it")
    if answer is None:
        raise UnsentError
    return answer
