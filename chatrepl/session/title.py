"""What a conversation is called: by its name, by a title that it was given, or its first words."""

from chatrepl.session.session import Session
from chatrepl.storage.record_log import title_of


def title(session: Session) -> str:
    """Say what the open conversation is called; empty where nothing was said yet."""
    facts = session.recorder.facts
    told = next((facts[key] for key in ("name", "title") if facts.get(key)), "")
    if isinstance(told, str) and told:
        return told
    return next(filter(None, map(title_of, session.conversation.path())), "")
