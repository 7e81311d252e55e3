"""The tools that the model may call on this machine."""

from typing import Final

from chatrepl.commands.registry import command
from chatrepl.core.models import OWN_TOOLS
from chatrepl.core.outcome import Notice, Outcome, Table
from chatrepl.core.talk.excerpts import beginning
from chatrepl.core.tools import Tool
from chatrepl.core.wire import encode
from chatrepl.core.words import compact
from chatrepl.session.session import Session

_NONE: Final = (
    "There are no tools on this machine: [tools.NAME] and [mcp.NAME] in config.toml make them."
)
_MAY: Final = {"never": "never runs", "ask": "asks each time", "always": "runs without a question"}
_LONGEST: Final = 60


@command("tools", group="settings")
def tools(session: Session) -> Outcome:
    """List the tools on this machine: whose each is, what it may, what it costs in each request."""
    bench = session.bench
    if bench is None:
        return Notice(_NONE)
    bench.look()
    if not bench.tools:
        return Notice("None of the tools that are configured is there; /doctor looks at them.")
    costs = [_tokens(session, tool) for tool in bench.tools]
    rows = tuple(
        (
            tool.name,
            tool.source or "a program",
            "runs in this chat" if tool.name in bench.always else _MAY[tool.approve],
            f"~{compact(cost)}",
            beginning(tool.description)[:_LONGEST],
        )
        for tool, cost in zip(bench.tools, costs, strict=True)
    )
    total = f"Each request declares them: ~{compact(sum(costs))} tokens."
    if OWN_TOOLS in session.model.refused:
        total = f"{session.model.id} takes no tools: none is offered to it."
    heads = ("tool", "of", "may", "tokens", "does")
    return Table(heads, rows, footer=total, right=frozenset({3}))


def _tokens(session: Session, tool: Tool) -> int:
    return session.ledger.text(encode(tool.to_wire()), session.model).tokens
