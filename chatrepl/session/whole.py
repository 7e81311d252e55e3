"""A change to the session, made as a whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import fields

from chatrepl.core.errors import ChatreplError
from chatrepl.session.session import Session


@contextmanager
def whole(session: Session) -> Iterator[None]:
    """Undo what the session was changed to meanwhile where anything but a refusal breaks it off.

    What the service taught stays.
    """
    before = copy(session)
    try:
        yield
    except ChatreplError:
        raise
    except BaseException:
        taught, changed = session.service, session.conversation is not before.conversation
        for part in fields(session):
            setattr(session, part.name, getattr(before, part.name))
        session.service = taught
        if changed:
            session.recorder.state(session.conversation)
        raise
