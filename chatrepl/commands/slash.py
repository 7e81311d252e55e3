"""A line that begins with a slash: whose command it is, ours, the user's own or a server's.

Ours come first, also by a beginning; only a whole name of one's own is more than that.
"""

import os
import re
from typing import Final

from chatrepl.commands.menu import WORDS
from chatrepl.commands.registry import REGISTRY
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Outcome
from chatrepl.core.typed_words import escaped, unescaped, words_of
from chatrepl.session.session import Session

_AFTER_A_PATH: Final = ".,:;?!…"  # as in "/tmp, too"


def run_line(session: Session, line: str) -> Outcome:
    """Run a slash line. Raises UsageError where it fits no command."""
    word, rest = split(line)
    force = word.endswith("!")
    name = word.removesuffix("!")
    if (source := session.edges.own()) is not None and not REGISTRY.is_ours(name):
        source.look_again()
    if own := own_named(session, name):
        from chatrepl.commands.own import run_own  # seldom needed

        return run_own(session, own, rest, line)
    if ":" in name:
        from chatrepl.commands.served import run_prompt, serving  # seldom needed

        if (servers := serving(session, name)) is not None:
            return run_prompt(session, servers, name, rest)
    return REGISTRY.find(name, own_names(session)).call(session, rest, force=force)


def complete_line(session: Session, line: str) -> tuple[int, list[tuple[str, str]]]:
    """Offer completions for a slash line: how much they replace, and (text, meaning) pairs."""
    word, gap, rest = line[1:].partition(" ")
    if not gap:
        names = (*REGISTRY.offers(word), *_own_offers(session, word))
        offers = [(f"/{name} ", meaning) for name, meaning in names]
        if (servers := session.edges.servers()) is not None:
            from chatrepl.commands.served import prompt_offers  # seldom needed

            offers += prompt_offers(servers, word)
        return len(line), offers
    try:
        if own_named(session, word):
            return _own_arguments(rest)
        command = REGISTRY.find(word.removesuffix("!"))
    except UsageError:
        return 0, []
    values = ((o, "") if isinstance(o, str) else o for o in command.complete(session, rest))
    return len(command.last_word(rest)), [
        (command.written(value), meaning or WORDS.get(f"{command.name} {value.strip()}", ""))
        for value, meaning in values
    ]


def own_named(session: Session, word: str) -> str:
    """Give the name of the user's own command that a word means; empty where it means none."""
    source = session.edges.own()
    if source is None or not word or REGISTRY.is_ours(word):
        return ""
    names = source.names()
    if word in names:
        return word
    if REGISTRY.knows(word):
        return ""
    begun = [name for name in names if name.startswith(word)]
    if len(begun) > 1:
        raise UsageError(f"/{word} could be /{', /'.join(begun)}.", "Write more of the name.")
    return begun[0] if begun else (word if word in source.waiting() else "")


def own_names(session: Session) -> tuple[str, ...]:
    """Give the names of the user's own commands that count."""
    source = session.edges.own()
    return () if source is None else source.names()


def _own_offers(session: Session, word: str) -> list[tuple[str, str]]:
    """Offer the user's own commands, each with what it takes and does."""
    source = session.edges.own()
    if source is None:
        return []
    begun = (n for n in source.names() if n.startswith(word) and not REGISTRY.is_ours(n))
    return [(name, " · ".join(filter(None, source.about(name)))) for name in begun]


def _own_arguments(rest: str) -> tuple[int, list[tuple[str, str]]]:
    """Offer files for the last word of arguments."""
    from chatrepl.attachments.mentions import complete_path

    word = words_of(rest)[-1]
    path = unescaped(word.removeprefix("@"))
    return len(path), [(escaped(offered), "") for offered in complete_path(path)]


def split(line: str) -> tuple[str, str]:
    """Take a slash line apart into the command's word and what follows it."""
    _, word, rest = re.split(r"^(\S*)[^\S\n]?", line.removeprefix("/"), maxsplit=1)
    return word, rest


def looks_like_path(line: str) -> bool:
    """Tell whether a line begins with a path rather than a command: `/etc/hosts …`."""
    first = line.split(maxsplit=1)[0] if line.split() else ""
    bare = first.rstrip(_AFTER_A_PATH)
    is_there = len(bare) > 1 and os.path.lexists(bare)  # `/tmp is full`
    return (is_there or first.count("/") > 1) and not first.startswith("//")
