"""What the user should know of the next request: what is not sent, and a model that ends."""

from typing import Final

from chatrepl.core.exchange.params import unsent
from chatrepl.core.models import Model
from chatrepl.session.session import Session

_SOON_DAYS: Final = 60


def foreword(session: Session) -> tuple[str, ...]:
    """Give what is news: a setting that is not sent, once; a model's end, once a day."""
    settings, model = session.settings, session.model
    lines = unsent(settings, model, official=session.official)
    ending = retirement(session)
    return (*filter(session.announce, lines), *((ending,) if ending else ()))


def retirement(session: Session) -> str:
    """Say, once a day, that the model in use ends within two months or has ended; else nothing."""
    model = session.model
    if not model.retires_at:
        return ""
    from datetime import UTC, datetime

    days = model.days_left(datetime.fromtimestamp(session.edges.clock(), UTC).date())
    if days is None or days > _SOON_DAYS or not session.announce(f"{model.id} ends"):
        return ""
    return _ending(model, days) if session.edges.first_today(model.id) else ""


def _ending(model: Model, days: int) -> str:
    left = "today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}"
    when = f"ended on {model.lasts}" if days < 0 else f"ends {left}, on {model.lasts}"
    return f"{model.id} {when}. /models lists what there is."
