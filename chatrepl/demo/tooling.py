"""Which tool the engine uses, and the reply that comes of it.

What a tool of the service finds or prints stands in `tools/`.
"""

import random
import re
from dataclasses import dataclass
from typing import Any

from chatrepl.demo import schema
from chatrepl.demo.command import DemoPlan
from chatrepl.demo.request import WireRequest
from chatrepl.demo.tools import code, mcp, web
from chatrepl.demo.tools.reply import (
    DIRECT,
    NewId,
    ToolReply,
    answers,
    calls,
    failure,
    from_code,
    says,
    without_nested,
)
from chatrepl.demo.tools.shows import SHOWS, fallback
from chatrepl.demo.turns import enclosing, is_call, open_calls, rounds_of
from chatrepl.demo.validate_tools import CODE_NAMES, SEARCH_TOOLS, SERVER_NAMES, provided
from chatrepl.demo.validate_tools import from_code as code_may_call
from chatrepl.demo.view import Question, ends
from chatrepl.demo.wire import JSON

_WANTED = (
    ("search", "web_search", r"\b(search|news|latest|today|web|look up|current)\b"),
    ("fetch", "web_fetch", web.URL.pattern),
    ("code", "code_execution", r"\b(run|execute|calculate|compute|plot)\b"),
)


@dataclass(frozen=True, slots=True)
class ToolDesk:
    """What answering with tools needs."""

    request: WireRequest
    view: Question
    plan: DemoPlan
    new_id: NewId

    def tool(self, name: str) -> JSON:
        """Return the declaration that governs a tool, empty where there is none."""
        return self.request.server_tool(name) or {}

    @property
    def chat(self) -> str:
        """Everything the user said."""
        return "\n".join((*self.view.earlier, self.view.asked, *self.view.results))


def use_tools(
    request: WireRequest, view: Question, plan: DemoPlan, new_id: NewId
) -> ToolReply | None:
    """Return the reply where a tool is used, None where it is ordinary text."""
    desk = ToolDesk(request, view, plan, new_id)
    if waiting := open_calls(request.messages):
        return _resumed(desk, waiting)
    if request.resumes:
        return ToolReply(_conclusion(desk, _calls(request)[-1], ""))
    if plan.topic == "show":
        return SHOWS[plan.argument](request, new_id)
    if plan.stop == "refusal" and request.body.get("fallbacks"):
        return fallback(request, plan.category)
    if plan.stop == "tool_use":
        own = [tool for tool in request.offered if _is_ours(tool)]
        return _client_call(desk, own[0] if own else _ANY_TOOL)
    choice = request.body.get("tool_choice") or {"type": "auto"}
    if not request.offered or choice["type"] == "none":
        return None
    if plan.topic == "tools":
        return _random_calls(desk, [tool for tool in request.offered if _is_ours(tool)])
    if view.results and plan.topic != "tool":
        return None
    tool = _pick(desk, choice)
    return None if tool is None else _used(desk, tool)


_ANY_TOOL: JSON = {"name": "demo_tool", "input_schema": {"type": "object"}}


def _is_ours(tool: JSON) -> bool:
    return "name" in tool and tool["name"] not in SERVER_NAMES


def _pick(desk: ToolDesk, choice: JSON) -> JSON | None:
    request, plan, asked = desk.request, desk.plan, ends(desk.view.asked)
    if choice["type"] == "tool":
        return request.server_tool(choice["name"])
    if plan.topic == "mcp":
        return mcp.toolset(request)
    if plan.topic == "code" and "code_execution" in provided(request.offered):
        return {"name": "code_execution"}
    if plan.topic == "tool-search":
        return next((tool for tool in request.offered if tool.get("name") in SEARCH_TOOLS), None)
    for topic, name, pattern in _WANTED:
        tool = request.server_tool(name)
        wanted = re.search(pattern, asked, re.IGNORECASE) and not plan.topic
        if tool and (plan.topic == topic or plan.stop == "pause_turn" or wanted):
            return tool
    ours = [tool for tool in request.offered if _is_ours(tool)]
    for tool in ours:
        if tool["name"].replace("_", " ") in asked.lower().replace("_", " "):
            return tool
    if ours and plan.topic == "tool":
        return ours[0]
    return request.offered[0] if choice["type"] == "any" else None


def _used(desk: ToolDesk, tool: JSON) -> ToolReply | None:
    if tool.get("type") == "mcp_toolset":
        return _remote(desk, tool)
    name = tool["name"]
    if name in SEARCH_TOOLS:
        return _finished(desk, ToolReply(), calls(name, _query(desk), desk.new_id, _caller(desk)))
    if name == "code_execution":
        return _coded(desk)
    if name in SERVER_NAMES:
        return _looked_up(desk, tool)
    return _client_call(desk, tool)


def _client_call(desk: ToolDesk, tool: JSON) -> ToolReply:
    use = _client_use(desk, tool)
    return ToolReply((says(f"I call `{tool['name']}` for this."), use), "tool_use")


def _random_calls(desk: ToolDesk, tools: list[JSON]) -> ToolReply | None:
    """Call none to four tools at once, round after round; the same seed does the same."""
    seed, rounds = map(int, desk.plan.argument.split())
    done = rounds_of(desk.request.messages)
    chance = random.Random(f"{seed} {done}")  # noqa: S311 - to be repeatable
    count = chance.randint(0, 4) if done < rounds and tools else 0
    uses = [_client_use(desk, chance.choice(tools)) for _ in range(count)]
    return ToolReply((says(f"Round {done + 1}."), *uses), "tool_use") if uses else None


def _client_use(desk: ToolDesk, tool: JSON, caller: JSON | None = None) -> JSON:
    value = schema.instance(tool.get("input_schema") or {"type": "object"}, desk.view.asked)
    use: JSON = {
        "type": "tool_use",
        "id": f"toolu_{desk.new_id()}",
        "name": tool["name"],
        "input": value if isinstance(value, dict) else {},
    }
    return use if caller is None else {**use, "caller": caller}


def _query(desk: ToolDesk) -> JSON:
    return {"query": desk.plan.argument or desk.view.asked[:120] or "chatrepl"}


def _url(desk: ToolDesk) -> JSON:
    match = web.URL.search(desk.plan.argument or desk.view.asked)
    return {"url": match.group() if match else "https://example.com/"}


def _caller(desk: ToolDesk) -> JSON | None:
    """Return the caller of a call that no code makes."""
    return None if desk.plan.caller == "none" else DIRECT


def _way(desk: ToolDesk, tool: JSON) -> str:
    """Return who calls a web tool: code, the model itself, or as in 2025, when nobody said."""
    if desk.plan.caller:
        return desk.plan.caller
    if tool["type"] in {"web_search_20250305", "web_fetch_20250910"}:
        return "none"
    return "code" if code_may_call(tool) else "direct"


def _looked_up(desk: ToolDesk, tool: JSON) -> ToolReply:
    name = tool["name"]
    given = _query(desk) if name == "web_search" else _url(desk)
    begun = ToolReply((says("Let me look that up.\n\n"),))
    way = _way(desk, tool)
    if way != "code":
        use = calls(name, given, desk.new_id, None if way == "none" else DIRECT)
        return _finished(desk, begun, use)
    outer = calls("code_execution", {"code": web.code_for(name, given)}, desk.new_id)
    inner = calls(name, given, desk.new_id, from_code(outer))
    return _finished(desk, begun, outer, inner)


def _coded(desk: ToolDesk) -> ToolReply:
    kind = desk.plan.argument if desk.plan.topic == "code" else ""
    begun = ToolReply((says("Let me run that.\n\n"),))
    if kind == "tool":
        ours = [tool for tool in desk.request.offered if _is_ours(tool)]
        tool = ours[0] if ours else _ANY_TOOL
        program = {"code": f"print(await {tool['name']}())"}
        outer = calls("code_execution", program, desk.new_id)
        inner = _client_use(desk, tool, from_code(outer))
        return begun.then(outer, inner, stop_reason="tool_use")
    wanted = code.CALLS[kind or "python"]
    return _finished(desk, begun, calls(wanted.tool, wanted.given, desk.new_id, _caller(desk)))


def _remote(desk: ToolDesk, tools: JSON) -> ToolReply | None:
    use = mcp.remote_call(tools, desk.plan.argument or desk.view.asked[:120], desk.new_id)
    if use is None:
        return None
    return _finished(desk, ToolReply(mcp.listing(desk.request, tools)), use)


def _finished(desk: ToolDesk, begun: ToolReply, *uses: JSON) -> ToolReply:
    """Return the reply to its end: calls, results from the innermost out, words; or a pause."""
    reply = begun.then(*uses)
    if desk.plan.stop == "pause_turn":
        return reply.then(stop_reason="pause_turn")
    return _concluded(desk, reply, uses)


def _concluded(desk: ToolDesk, reply: ToolReply, uses: tuple[JSON, ...]) -> ToolReply:
    for use in reversed(uses):
        reply = reply.then(_result(desk, use, uses))
    done = reply.then(*_conclusion(desk, uses[-1], _error(desk, uses[-1])))
    if desk.tool(uses[-1]["name"]).get("response_inclusion") != "excluded":
        return done
    return ToolReply(
        without_nested(done.blocks), done.stop_reason, done.searches, done.fetches, done.container
    )


def _error(desk: ToolDesk, use: JSON) -> str:
    if desk.plan.tool_error:
        return desk.plan.tool_error
    if use.get("name") == "web_fetch":
        return web.fetch_error(str(use["input"].get("url", "")), desk.tool("web_fetch"), desk.chat)
    return ""


def _result(desk: ToolDesk, use: JSON, uses: tuple[JSON, ...]) -> JSON:
    error = _error(desk, use) if use is uses[-1] else ""
    if use["type"] == "mcp_tool_use":
        return answers(use, mcp.remote_content(use, error), is_error=bool(error))
    if error:
        return answers(use, failure(use, error))
    return answers(use, _content(desk, use, uses))


def _content(desk: ToolDesk, use: JSON, uses: tuple[JSON, ...]) -> Any:
    name = use["name"]
    if name == "web_search":
        return web.search_results(desk.tool(name))
    if name == "web_fetch":
        return web.page(str(use["input"].get("url", "")), desk.tool(name))
    if name in CODE_NAMES:
        past = [block for message in desk.request.messages for block in message.content]
        nested = any(enclosing(b) == use["id"] and b["type"] != "tool_use" for b in (*past, *uses))
        return code.ran(use, desk.new_id, nested=nested)
    references = [
        {"type": "tool_reference", "tool_name": tool["name"]}
        for tool in desk.request.offered
        if tool.get("defer_loading") and "name" in tool
    ]
    return {"type": "tool_search_tool_search_result", "tool_references": references}


def _conclusion(desk: ToolDesk, use: JSON, error: str) -> tuple[JSON, ...]:
    """Return the words after the last result."""
    name = use["name"]
    if error:
        return (says(f"That did not work: `{error}`."),)
    if name == "web_search":
        return web.cited_results(desk.tool(name))
    if name == "web_fetch":
        return web.cited_page()
    return (says(f"`{name}` is done."),)


def _calls(request: WireRequest) -> list[JSON]:
    """Return the calls of the service in a conversation."""
    blocks = [block for message in request.messages for block in message.content]
    return [block for block in blocks if is_call(block) and block["type"] != "tool_use"]


def _resumed(desk: ToolDesk, waiting: list[JSON]) -> ToolReply:
    """Go on with a reply that paused: pause again where that is asked for, else finish."""
    uses = tuple(waiting)
    results = [_result(desk, use, uses) for use in reversed(uses)]
    if desk.view.results:
        words = says(f"The tool answered: {desk.view.results[0]}")
        return ToolReply().then(*results, words)
    begun = [call for call in _calls(desk.request) if not enclosing(call)]
    if desk.plan.stop != "pause_turn" or len(begun) >= desk.plan.pauses:
        return _concluded(desk, ToolReply(), uses)
    return ToolReply().then(*results, *_again(desk, uses), stop_reason="pause_turn")


def _again(desk: ToolDesk, uses: tuple[JSON, ...]) -> list[JSON]:
    """Return the same calls under new ids."""
    names = {use["id"]: f"{use['id'].partition('_')[0]}_{desk.new_id()}" for use in uses}
    again = [{**use, "id": names[use["id"]]} for use in uses]
    return [
        {**use, "caller": {**use["caller"], "tool_id": names[enclosing(use)]}}
        if enclosing(use) in names
        else use
        for use in again
    ]


def document_citations(request: WireRequest) -> list[JSON]:
    """Return citations of the documents that have them enabled."""
    documents = [
        block
        for message in request.messages
        for block in message.content
        if block["type"] == "document"
    ]
    return [
        _citation(place, block)
        for place, block in enumerate(documents)
        if (block.get("citations") or {}).get("enabled")
    ]


def _citation(place: int, block: JSON) -> JSON:
    source = block["source"]
    common = {"document_index": place, "document_title": block.get("title")}
    if source["type"] == "text":
        quote = source["data"][:80]
        span = {"start_char_index": 0, "end_char_index": len(quote)}
        return {"type": "char_location", "cited_text": quote, **common, **span}
    span = {"start_page_number": 1, "end_page_number": 2}
    return {"type": "page_location", "cited_text": "the first page", **common, **span}
