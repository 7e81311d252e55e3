"""The rules for calls and their results, which belong together by id.

A call is any block whose type ends in `tool_use`, a result any that ends in `tool_result`. The
service's own calls are answered in the same turn of the assistant, ours in the very next message
of the user. An open call of the service stands at the very end, or waits there for our results.
"""

import re
from dataclasses import dataclass, field

from chatrepl.demo.request import WireMessage
from chatrepl.demo.turns import (
    Placed,
    WireTurn,
    enclosing,
    is_call,
    is_result,
    result_kind,
    turns_of,
)
from chatrepl.demo.validate_tools import CODE_NAMES, SEARCH_TOOLS, provided
from chatrepl.demo.wire import JSON, invalid

_RESULT_NAMES = re.compile(r"(web_search|web_fetch|code_execution)_tool_result")


def check_calls(messages: tuple[WireMessage, ...], body: JSON) -> None:
    """Check that every call is answered where it has to be, and every answer has its call."""
    turns = turns_of(messages)
    waiting: dict[str, Placed] = {}
    for place, turn in enumerate(turns):
        following = turns[place + 1] if place + 1 < len(turns) else None
        if turn.role == "assistant":
            waiting = _check_reply(turn, following, waiting)
        else:
            _check_answers(turn, turns[place - 1] if place else None, waiting)
    defined = [(message.place, tool) for message in messages for tool in message.defined()]
    _check_declared(turns, body, defined)


@dataclass(slots=True)
class _PairedReply:
    """One turn of the assistant while it is read."""

    open: dict[str, Placed]
    answered: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    strays: list[Placed] = field(default_factory=list)  # calls from code that is not there

    def read(self, item: Placed) -> None:
        if is_call(item.block):
            self._call(item)
        elif is_result(item.block):
            self._result(item)

    def _call(self, item: Placed) -> None:
        call = item.block["id"]
        if call in self.ids:
            raise invalid(f"{item.path}: `tool_use` ids must be unique")
        outer = enclosing(item.block)
        if outer and outer not in self.open:
            self.strays.append(item)
        self.ids.add(call)
        self.open[call] = item

    def _result(self, item: Placed) -> None:
        kind, call = item.block["type"], item.block["tool_use_id"]
        if call in self.answered:
            raise invalid(f"{item.path}: each tool_use must have a single result")
        found = self.open.get(call)
        if found is None or result_kind(found.block) != kind:
            use = "mcp_tool_use" if kind == "mcp_tool_result" else "server_tool_use"
            raise invalid(
                f"{item.path}: unexpected `tool_use_id` found in `{kind}` blocks: {call}. "
                f"Each `{kind}` block must have a corresponding `{use}` block before it."
            )
        for inner in self.open.values():
            if enclosing(inner.block) == call:
                raise unanswered(inner)
        caller = item.block.get("caller")
        if caller is not None and caller != found.block.get("caller"):
            raise invalid(f"{item.path}: `caller` does not match the `caller` of its tool use")
        self.answered.add(call)
        del self.open[call]


def unanswered(item: Placed) -> Exception:
    """Return the 400 for a call of the service that has no result."""
    call = item.block
    name, kind = call.get("name"), result_kind(call)
    return invalid(
        f"messages.{item.message}: `{name}` tool use with id `{call['id']}` was found without a "
        f"corresponding `{kind}` block"
    )


def _check_reply(
    turn: WireTurn, following: WireTurn | None, waiting: dict[str, Placed]
) -> dict[str, Placed]:
    """Check one turn of the assistant; return its calls that wait for more than our results."""
    reply = _PairedReply(dict(waiting), ids=set(waiting))
    for item in turn.items:
        reply.read(item)
    for item in reply.strays:
        raise invalid(
            f"{item.path}: `caller.tool_id` {enclosing(item.block)} does not name an open "
            "`code_execution` tool use in this turn"
        )
    ours = [call for call, p in reply.open.items() if p.block["type"] == "tool_use"]
    theirs = {call: p for call, p in reply.open.items() if p.block["type"] != "tool_use"}
    given = _first_results(following)
    missing = [call for call in ours if call not in given]
    if missing:
        raise invalid(
            f"messages.{turn.items[-1].message}: `tool_use` ids were found without `tool_result` "
            f"blocks immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
            "corresponding `tool_result` block in the next message."
        )
    for item in theirs.values():
        if not ours and (following is not None or not _at_the_end(item, turn)):
            raise unanswered(item)
    return theirs


def _at_the_end(item: Placed, turn: WireTurn) -> bool:
    """Return whether nothing but the work of tools follows an open call."""
    after = turn.items[turn.items.index(item) + 1 :] if item in turn.items else turn.items
    return all(is_call(other.block) or is_result(other.block) for other in after)


def _first_results(turn: WireTurn | None) -> set[str]:
    """Return what the results answer that stand first in a turn of the user."""
    given: set[str] = set()
    for block in turn.blocks if turn else ():
        if not is_result(block):
            break
        given.add(block["tool_use_id"])
    return given


def _check_answers(turn: WireTurn, before: WireTurn | None, waiting: dict[str, Placed]) -> None:
    calls = {b["id"] for b in before.blocks if b["type"] == "tool_use"} if before else set()
    seen: set[str] = set()
    for item in turn.items:
        if item.block["type"] != "tool_result":
            if waiting:
                raise invalid(
                    f"{item.path}: only `tool_result` blocks may be sent while a server tool "
                    "use is waiting"
                )
            continue
        call = item.block["tool_use_id"]
        if call not in calls:
            raise invalid(
                f"{item.path}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{call}. Each `tool_result` block must have a corresponding `tool_use` block "
                "in the previous message."
            )
        if call in seen:
            raise invalid(f"{item.path}: each tool_use must have a single result")
        seen.add(call)


def _check_declared(turns: list[WireTurn], body: JSON, defined: list[tuple[int, JSON]]) -> None:
    tools = body.get("tools") or []
    servers = {server["name"] for server in body.get("mcp_servers") or []}
    for turn in turns:
        for item in turn.items:
            block = item.block
            kind, name = block["type"], _needed(block)
            before = (tool for place, tool in defined if place < item.message)
            if name and name not in provided([*tools, *before]):
                raise invalid(
                    f"messages: a `{kind}` block was found but no `{name}` tool was provided"
                )
            if kind == "mcp_tool_use" and block["server_name"] not in servers:
                raise invalid(
                    f"messages: a `{kind}` block was found but no `{block['server_name']}` "
                    "MCP server was provided"
                )


def _needed(block: JSON) -> str:
    """Return the tool that has to be declared for a block of the past."""
    if block["type"] == "server_tool_use":
        name = str(block["name"])
        known = {"web_search", "web_fetch"} | SEARCH_TOOLS
        return "code_execution" if name in CODE_NAMES else name if name in known else ""
    match = _RESULT_NAMES.search(block["type"])
    return match.group(1) if match and block["type"] != "tool_result" else ""
