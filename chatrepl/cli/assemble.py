"""A session from the settings, with the world behind it."""

import time
import uuid
from dataclasses import replace

from chatrepl.cli.options import Options
from chatrepl.config import Loaded
from chatrepl.core.conversation import Conversation, State
from chatrepl.core.models import resolve
from chatrepl.core.usage import Cost, Usage
from chatrepl.session import Edges, Session


def new_session(options: Options, loaded: Loaded, *, interactive: bool) -> Session:
    """Make a session. Raises UsageError for a model's name that is ambiguous."""
    settings = loaded.settings
    settings = replace(settings, model=resolve(settings.model))
    session = Session(
        settings,
        Edges(clock=time.time, new_id=lambda: uuid.uuid4().hex[:8], price=_price),
        Conversation(state=State(system=settings.system)),
        interactive=interactive,
    )
    session.prefill = options.prefill or ""
    return session


def _price(model: str, usage: Usage, when: float) -> Cost | None:
    from chatrepl.api.prices import price  # loads the price list

    return price(model, usage, when)
