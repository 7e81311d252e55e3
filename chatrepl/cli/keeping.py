"""The chat's conversations on disk: begun, gone on with, and put away."""

import sys

from chatrepl.cli.options import Options
from chatrepl.commands.saved import tail
from chatrepl.core.errors import StorageError
from chatrepl.core.outcome import Outcome
from chatrepl.oneshot import mutter
from chatrepl.session import NoRecorder, Session
from chatrepl.storage.journal import NO_FOLDER
from chatrepl.storage.kept import Journaled, begin_kept, checked_name, reopen
from chatrepl.storage.library import find, list_entries
from chatrepl.storage.paths import Folders


def keep(options: Options, session: Session, folders: Folders) -> Outcome:
    """Go on with the saved conversation that is asked for, or begin one; say what it is.

    Raises StorageError for one that is not there, UsageError for a name that is taken.
    """
    folder = folders.conversations
    wanted = options.continue_ or options.resume is not None
    if not session.settings.save or folder is None:
        if wanted:
            raise StorageError("Saving is off, so no conversation can be gone on with.")
        session.recorder = NoRecorder(NO_FOLDER if session.settings.save else "")
        return None
    session.library = folder
    said: Outcome = None
    if wanted:
        newest = list_entries(folder, 1)
        if options.resume is None and not newest:
            raise StorageError("There is no saved conversation to go on with.")
        entry = newest[0] if options.resume is None else find(folder, options.resume)
        opened = reopen(entry)
        session.conversation, session.recorder = opened.conversation, opened.recorder
        if options.system is not None:
            session.adjust(system=session.settings.system)
        said = tail(session, entry, opened.notes)
    else:
        session.recorder = begin_kept(folder)
    if options.save is not None and isinstance(session.recorder, Journaled):
        name = checked_name(folder, options.save, session.recorder.id)
        session.recorder.rename(name)
    return said


def put_away(session: Session) -> int:
    """Write the rest of every conversation of this session; give the exit code it deserves."""
    code = 0
    for conversation, recorder in (*session.shelf.all, (session.conversation, session.recorder)):
        if isinstance(recorder, Journaled):
            recorder.state(conversation)
            if recorder.journal.close():
                continue
        if recorder.unsaved and conversation.turns:
            mutter(sys.stderr, f"chatrepl: the conversation is not saved: {recorder.unsaved}.")
            code = StorageError.exit_code
    return code
