"""What a line is that was typed or dropped at the prompt, and is no message."""

from collections.abc import Callable
from typing import Final, TypeAlias

from chatrepl.commands.registry import REGISTRY, looks_like_path, split
from chatrepl.shells.consent import TakenBack

YesNo: TypeAlias = Callable[[str], bool | None]
# What every shell understands is no message: it would be paid for.
BARE: Final = {"exit": "/exit", "quit": "/exit", "help": "/help", "?": "/help keys"}


def is_dropped(text: str) -> bool:
    """Tell whether a text is files that were dropped onto the window."""
    if not text.startswith(("/", "~", "'", '"', "file:")):
        return False
    from chatrepl.attachments.dropped import are_dropped  # seldom needed

    return are_dropped(text)


def is_to_attach(ask: YesNo) -> bool:
    """Ask what is to become of files that were dropped. Raises TakenBack for neither."""
    answer = ask("Attach it? y: attach · N: go on as text · Esc: change it")
    if answer is None:
        raise TakenBack
    return answer


def is_command(text: str, ask: YesNo) -> bool:
    """Tell whether a line with a slash is a command; asked, a path is a message.

    Raises TakenBack where it is neither.
    """
    word, _ = split(text)
    if REGISTRY.knows(word.removesuffix("!")) or not looks_like_path(text):
        return True
    if ask("That begins like a path. Send it as a message?"):
        return False
    raise TakenBack
