"""What the next request of a session is made from: its values, and what the message asks for."""

from dataclasses import replace
from typing import TYPE_CHECKING

from chatrepl.core.exchange.plan import Situation
from chatrepl.core.exchange.request import Ask, Request
from chatrepl.core.models import OWN_TOOLS
from chatrepl.core.talk.conversation import Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.wire import Wire
from chatrepl.core.world import rough_count
from chatrepl.session.service import official

if TYPE_CHECKING:
    from chatrepl.core.tools import McpServer
    from chatrepl.session.session import Session


def situation_of(session: "Session", prefill: str) -> Situation:
    """Give what a request is made from whose reply begins with `prefill`."""
    model, edges, form = session.model, session.edges, session.next.form
    form = form.beginning(prefill) if form is not None else None
    schema = form.schema if form is not None and model.structured else None
    count = edges.count if edges.can_count() else rough_count
    ask = Ask(
        prefill=prefill,
        instruction=form.instruction if form is not None and schema is None else "",
        schema=schema,
        interactive=session.interactive,
        previous_message_id=session.conversation.last_message_id,
        extra_tokens=count(prefill) + 8 if prefill else 0,
        official=official(session.settings),
        tools=_tools_here(session),
        servers=servers_of(session),
    )
    return Situation(session.conversation, session.settings, model, ask, session.service.refused)


def request_again(session: "Session", turn: Turn, question: Message) -> Request:
    """Build the request that asks the question of `turn` once more, as it was asked."""
    before = session.conversation.before(turn)
    begun = turn.receipt.prefill if turn.receipt is not None else None
    prefill = begun.text if begun is not None else session.next.begins_with
    now = situation_of(session, prefill)
    ask = replace(now.ask, previous_message_id=before.last_message_id)
    return replace(now, ask=ask).request(question, before)


def servers_of(session: "Session") -> "tuple[McpServer, ...]":
    """Give the servers of tools that the service connects to for the next request.

    Those of the conversation, and in a chat those of the configuration. One of the conversation
    stands in the place of one of that name. What the conversation does not tell, the command of a
    token, is taken from the configuration where the address is the same.
    """
    servers = {server.name: server for server in _configured(session)}
    for name, server in session.conversation.state.servers.items():
        same = servers.get(name)
        if same is None or same.url != server.url:
            servers[name] = server
    return tuple(servers.values())


def _configured(session: "Session") -> "tuple[McpServer, ...]":
    if not session.interactive or session.loaded is None:
        return ()
    return tuple(one for one in session.loaded.servers if one.connect == "service")


def _tools_here(session: "Session") -> tuple[Wire, ...]:
    """Give the tools on this machine as the next request declares them, where any are taken."""
    if session.bench is None or OWN_TOOLS in session.model.refused:
        return ()
    return session.bench.declared
