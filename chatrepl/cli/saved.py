"""The conversations of a run on disk: gone on with or begun, and put away at its end."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chatrepl.cli.options import Options
from chatrepl.core.errors import SAFE, StorageError, UsageError
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.value import frozen
from chatrepl.core.world import NoRecorder
from chatrepl.session.session import Session
from chatrepl.shells.mutter import mutter
from chatrepl.storage.journal import NO_FOLDER, Journal
from chatrepl.storage.library import SavedEntry, find, read_entry, scan
from chatrepl.storage.paths import Folders
from chatrepl.storage.read import MOST_BYTES, load
from chatrepl.storage.saved import checked_name, reopen


@frozen
class Resumed:
    """What was gone on with, if anything was, and what the user should know of it."""

    entry: SavedEntry | None = None
    notes: tuple[str, ...] = ()


def keep(options: Options, session: Session, folders: Folders) -> Resumed:
    """Go on with the saved conversation that is asked for, or begin one that is saved.

    One that is gone on with keeps its own system prompt unless one is given. Raises UsageError for
    a name that is taken, StorageError where nothing can be kept or found.
    """
    folder = folders.conversations
    if not session.settings.save:
        if options.keeps:
            raise UsageError("Saving is off: save = false, or --no-save.", SAFE)
        return Resumed()
    if folder is None:
        if options.keeps:
            raise StorageError(f"Nothing can be saved: {NO_FOLDER}.", SAFE)
        session.begin_with(session.conversation, NoRecorder(NO_FOLDER))
        return Resumed()
    resumed = Resumed()
    if options.goes_on:
        resumed = _go_on(options, session)
    else:
        session.begin_with(session.conversation, Journal.new(folder))
    if options.save is not None and isinstance(session.recorder, Journal):
        session.recorder.rename(checked_name(folder, options.save, session.recorder.id))
    return resumed


def look_at(options: Options, session: Session, folders: Folders) -> str:
    """Show the session the saved conversation that is asked for, if one is; nothing of it changes.

    Gives its name. Raises StorageError where there is none.
    """
    if not options.goes_on:
        return ""
    saved = load(_wanted(options, folders.conversations).path)
    session.begin_with(saved.conversation, session.recorder)
    session.recall(saved.meta)
    _set_system(options, session)
    _use_model(options, session, saved.meta)
    return str(saved.meta.get("name") or "")


def leave_unanswered(session: Session) -> None:
    """Stand before the questions at the end that failed: who runs a command again, asks it once.

    They stay in the tree. A message that was added by hand has not failed.
    """
    while (path := session.conversation.path()) and _has_failed(path[-1]):
        session.change(session.conversation.before(path[-1]))


def _has_failed(turn: Turn) -> bool:
    return turn.receipt is not None and turn.assistant is None


def put_away(session: Session) -> int:
    """Write the rest of every conversation of this run; give the exit code it deserves."""
    code = 0
    talks = (*session.shelf.all, (session.conversation, session.recorder))
    with ExitStack() as closing:  # one that fails keeps no other from the disk
        for conversation, recorder in talks:
            if isinstance(recorder, Journal):
                closing.callback(recorder.close)
                closing.callback(recorder.state, conversation)
    for conversation, recorder in talks:
        if recorder.unsaved and conversation.turns:
            mutter(sys.stderr, f"chatrepl: the conversation is not saved: {recorder.unsaved}.")
            code = StorageError.exit_code
    return code


def _go_on(options: Options, session: Session) -> Resumed:
    entry = _wanted(options, session.edges.library)
    opened = reopen(entry)
    session.begin_with(opened.conversation, opened.recorder)
    _set_system(options, session)
    if not session.interactive:  # a chat brings back more than the model
        _use_model(options, session, opened.recorder.facts)
        leave_unanswered(session)
    return Resumed(entry, opened.notes)


def _set_system(options: Options, session: Session) -> None:
    """Replace the conversation's own system prompt where another one is given."""
    if options.system is not None and session.system != session.settings.system:
        session.adjust(system=session.settings.system)


def _use_model(options: Options, session: Session, facts: Mapping[str, Any]) -> None:
    """Use the model that the conversation had chosen, unless another one is asked for."""
    chosen = facts.get("model")
    if not options.names_model and isinstance(chosen, str) and chosen:
        session.use(model=chosen)


def _wanted(options: Options, folder: Path | None) -> SavedEntry:
    """Find the conversation that `-c` or `-r` means. Raises StorageError with exit code 2."""
    if options.resume is not None:
        return find(folder, options.resume)
    newest = next((file for file in scan(folder) if file[-1] <= MOST_BYTES), None)
    if newest is None:
        raise StorageError(
            "There is no saved conversation to go on with.",
            "--save NAME keeps a single shot.",
            exit_code=UsageError.exit_code,
        )
    return read_entry(newest)
