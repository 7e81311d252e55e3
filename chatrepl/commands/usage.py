"""What was spent, over all conversations: the ledger."""

from collections.abc import Iterable
from typing import Annotated

from chatrepl.commands.registry import ArgKind, command
from chatrepl.core.outcome import Notice, Outcome
from chatrepl.core.spending import GROUPINGS
from chatrepl.session.session import Session


def _offers(_session: Session, text: str) -> Iterable[str]:
    from chatrepl.pages.usage_list import SPANS  # seldom needed

    last = text.rsplit(" ", maxsplit=1)[-1]
    return (word for word in (*SPANS, *GROUPINGS) if word.startswith(last))


UsageSpan = Annotated[str, ArgKind(complete=_offers, rest=True, by_word=True)]


@command("usage", group="context")
def usage(session: Session, span: UsageSpan = "") -> Outcome:
    """Show what was spent, SPAN: `today`, `7d`, `month`, `all`, by `day`, `model`, `conversation`.

    It is the ledger of all chatrepls, with each request; those that were cut took at least what is
    told. The demo costs nothing and is not in it.
    """
    from chatrepl.pages.usage_list import UsageQuestion, look_at, none_spent, usage_list

    asked = UsageQuestion.read(span.split())
    if session.edges.library is None:
        return Notice("There is no ledger: nothing is saved.")
    state = session.edges.library.parent
    spent = look_at(state, asked, session.edges.price, session.edges.clock())
    return usage_list(spent) if spent.groups else Notice(none_spent(asked))
