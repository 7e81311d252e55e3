"""The files that a message names, and the resources of servers: asked about where that was hardly
meant, and loaded.

A mention is an act of who types it. What a paste brought along is text until it is confirmed, and
so is a file that nobody would send lightly.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TypeAlias

from chatrepl.attachments.attach import Attachment, from_bytes, load
from chatrepl.attachments.caution import cautions
from chatrepl.attachments.limits import AttachmentLimits, limits_of
from chatrepl.attachments.mentions import (
    Mention,
    find_mentions,
    find_misses,
    is_file,
    nearest,
    unmentioned,
)
from chatrepl.attachments.safe_read import shown
from chatrepl.attachments.urls import is_url
from chatrepl.core.errors import SAFE, AttachmentError, UnsentError
from chatrepl.core.served import split_served
from chatrepl.session.session import Session
from chatrepl.shells.guard import tell_if_long

_MOST_NAMED = 4
_LONGEST_DRAFT = 20_000  # it is looked through at each key
Asking: TypeAlias = Callable[[str], bool | None]
Existing: TypeAlias = Callable[[str], bool]


def attach_mentions(
    session: Session,
    text: str,
    ask: Asking,
    pasted: Sequence[str] = (),
    tell: Callable[[str], object] = lambda _words: None,
) -> dict[str, Attachment]:
    """Load what a message mentions and is not staged, each file once, by the path that names it.

    `pasted` are texts that the message may hold: what they mention is asked about. `tell` gets a
    word for who waits long.
    Raises UnsentError where the user would rather change the text, AttachmentError for what cannot
    be attached.
    """
    exists = existing(session)
    _ask_about_misses(text, ask, pasted, exists)
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    staged = [item.block for item in session.next.staged]
    agreed = _agreed(text, ask, pasted, exists)
    with tell_if_long(tell):
        files = {path: _loaded(session, path, limits) for path in agreed}
    return {path: file for path, file in files.items() if file.block not in staged}


def existing(session: Session) -> Existing:
    """Give what tells whether a mention means something: a file, or what a server serves."""
    servers = session.edges.servers()
    names = servers.names() if servers is not None else ()
    return lambda path: is_file(path) or split_served(path, names) is not None


def _loaded(session: Session, path: str, limits: AttachmentLimits) -> Attachment:
    """Load a file, or have a server read what it serves. Raises ChatreplError."""
    servers = session.edges.servers()
    served = split_served(path, servers.names()) if servers is not None else None
    if servers is None or served is None or is_url(path) or is_file(path):
        return load(path, limits=limits)
    parts = servers.resource(*served)
    if not parts:
        raise AttachmentError(f"{shown(path)} is empty.", SAFE)
    first, *others = (from_bytes(part.data, part.name, limits=limits) for part in parts)
    return replace(first, more=(*first.more, *(block for one in others for block in one.blocks)))


def not_mentioning(text: str, paths: Iterable[str], exists: Existing = is_file) -> str:
    """Let the files at those paths be mentioned no more: their names stay."""
    gone = set(map(_identity, paths))
    return unmentioned(text, (m for m in find_mentions(text, exists) if _identity(m.path) in gone))


def draft_names(
    text: str, pasted: Sequence[str] = (), exists: Existing = is_file
) -> tuple[str, ...]:
    """Name the files that a draft mentions; a question mark means that they are asked about."""
    if len(text) > _LONGEST_DRAFT:
        return ()
    paths, doubts = _mentioned(text, pasted, exists)
    return tuple(shown(PurePath(path).name) + ("?" if path in doubts else "") for path in paths)


def _ask_about_misses(text: str, ask: Asking, pasted: Sequence[str], exists: Existing) -> None:
    misses = [miss for miss in find_misses(text, exists) if not _is_pasted(text, miss, pasted)]
    if not misses:
        return
    names = _listed(shown(path) for path in _once(misses))
    near = nearest(misses[0].path)
    offer = f" Did you mean @{shown(near)}?" if near else ""
    ways = "y: send the words as they are · N: back to the prompt"
    if not ask(f"There is no file {names}.{offer} {ways}"):
        raise UnsentError


def _agreed(text: str, ask: Asking, pasted: Sequence[str], exists: Existing) -> list[str]:
    """Give the paths that are to be attached; one question stands for all that are doubtful."""
    paths, doubts = _mentioned(text, pasted, exists)
    if not doubts:
        return paths
    choice = "y: attach · N: send as text only · Esc: change it"
    answer = ask(f"Attach {_listed(doubts.values())}? {choice}")
    if answer is None:
        raise UnsentError
    return paths if answer else [path for path in paths if path not in doubts]


def _mentioned(
    text: str, pasted: Sequence[str], exists: Existing
) -> tuple[list[str], dict[str, str]]:
    """Give the paths that a text mentions, and words for those that are doubtful."""
    mentions = [
        mention
        for mention in find_mentions(text, exists)
        if not _is_pasted(text, mention, pasted) or is_url(mention.path) or exists(mention.path)
    ]
    paths, doubts = _once(mentions), {}
    for mention in mentions:
        from_paste = ["pasted"] if _is_pasted(text, mention, pasted) else []
        doubt = ", ".join([*from_paste, *cautions(mention.path)])
        if doubt and mention.path in paths:
            doubts[mention.path] = f"{shown(mention.path)} ({doubt})"
    return paths, doubts


def _once(mentions: Iterable[Mention]) -> list[str]:
    """Give the paths of mentions, one for each file."""
    return list({_identity(mention.path): mention.path for mention in mentions}.values())


def _identity(path: str) -> str:
    return path if is_url(path) else os.path.realpath(path)


def _is_pasted(text: str, mention: Mention, pasted: Sequence[str]) -> bool:
    return any(text[mention.start : mention.end] in paste for paste in pasted)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])
