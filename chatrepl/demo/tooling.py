"""Tools: when the engine calls one, and what the server tools find."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatrepl.demo import schema
from chatrepl.demo.command import DemoPlan
from chatrepl.demo.request import WireRequest
from chatrepl.demo.validate_tools import SERVER_NAMES
from chatrepl.demo.view import Question, ends
from chatrepl.demo.wire import JSON

_SEARCH_WORDS = re.compile(r"\b(search|news|latest|today|web|look up|current)\b", re.IGNORECASE)
_URL = re.compile(r"https?://\S+")
_FOUND = (
    ("Prompt caching, explained", "https://example.com/prompt-caching",
     "A cached prefix is billed at a tenth of the input price or less."),
    ("Notes on terminal chats", "https://example.com/terminal-chats",
     "A good terminal program keeps the scrollback intact."),
)  # fmt: skip
_PAGE = "An example page. It says that the demo engine fetches nothing from the network."


@dataclass(frozen=True, slots=True)
class Used:
    """The blocks of a reply that uses tools."""

    blocks: tuple[JSON, ...]
    stop_reason: str
    searches: int = 0
    fetches: int = 0


def calls(
    request: WireRequest, view: Question, plan: DemoPlan, new_id: Callable[[], str]
) -> Used | None:
    """Return the reply where a tool is called, None where it is ordinary text."""
    if request.resumes:
        return _resumed(request, plan, new_id)
    if plan.stop == "tool_use":
        own = [tool for tool in request.tools if tool["name"] not in SERVER_NAMES]
        tool = own[0] if own else {"name": "demo_tool", "input_schema": {"type": "object"}}
        return _client_call([tool], view, new_id)
    if not request.tools or view.results:
        return None
    choice = request.body.get("tool_choice") or {"type": "auto"}
    if choice["type"] == "none":
        return None
    tool_or_none = _pick(request, view, plan, choice)
    if tool_or_none is None:
        return None
    name = tool_or_none["name"]
    if name in {"web_search", "web_fetch"}:
        return _server_call(name, view, plan, new_id)
    return _client_call([tool_or_none], view, new_id)


def _pick(request: WireRequest, view: Question, plan: DemoPlan, choice: JSON) -> JSON | None:
    if choice["type"] == "tool":
        return request.server_tool(choice["name"])
    for topic, name in (("search", "web_search"), ("fetch", "web_fetch")):
        tool = request.server_tool(name)
        pattern = _SEARCH_WORDS if topic == "search" else _URL
        paused = plan.stop == "pause_turn"
        if tool and (plan.topic == topic or paused or pattern.search(ends(view.asked))):
            return tool
    for tool in request.tools:
        if tool["name"] in SERVER_NAMES:
            continue
        if tool["name"].replace("_", " ") in ends(view.asked).lower().replace("_", " "):
            return tool
        if plan.topic == "tool":
            return tool
    return request.tools[0] if choice["type"] == "any" else None


def _client_call(tools: list[JSON], view: Question, new_id: Callable[[], str]) -> Used:
    said = {"type": "text", "text": f"I call `{tools[0]['name']}` for this."}
    uses = tuple(
        {
            "type": "tool_use",
            "id": f"toolu_{new_id()}",
            "name": tool["name"],
            "input": _input(tool, view),
        }
        for tool in tools
    )
    return Used((said, *uses), "tool_use")


def _input(tool: JSON, view: Question) -> Any:
    value = schema.instance(tool.get("input_schema") or {"type": "object"}, view.asked)
    return value if isinstance(value, dict) else {}


def _server_call(name: str, view: Question, plan: DemoPlan, new_id: Callable[[], str]) -> Used:
    said = {"type": "text", "text": "Let me look that up.\n\n"}
    if name == "web_search":
        given: JSON = {"query": plan.argument or view.asked[:120] or "chatrepl"}
    else:
        found = _URL.search(plan.argument or view.asked)
        given = {"url": found.group() if found else "https://example.com/"}
    use = {
        "type": "server_tool_use",
        "id": f"srvtoolu_{new_id()}",
        "name": name,
        "input": given,
    }
    if plan.stop == "pause_turn":
        return Used((said, use), "pause_turn")
    return _finished((said, use), use)


def _resumed(request: WireRequest, plan: DemoPlan, new_id: Callable[[], str]) -> Used:
    """Go on with a reply that paused: pause again where that is asked for, else finish."""
    blocks = [b for m in request.messages for b in m.content if b["type"] == "server_tool_use"]
    last = request.messages[-1].content[-1]
    if last["type"] != "server_tool_use":
        return Used(_cited(last["type"].removesuffix("_tool_result")), "end_turn")
    finished = _finished((), last)
    if plan.stop != "pause_turn" or len(blocks) >= plan.pauses:
        return finished
    again = {**last, "id": f"srvtoolu_{new_id()}"}
    return Used((*finished.blocks, again), "pause_turn", finished.searches, finished.fetches)


def _finished(before: tuple[JSON, ...], use: JSON) -> Used:
    search = use["name"] == "web_search"
    content: Any = _results() if search else _fetched(use["input"].get("url", ""))
    result = {"type": f"{use['name']}_tool_result", "tool_use_id": use["id"], "content": content}
    blocks = (*before, result, *_cited(use["name"]))
    return Used(blocks, "end_turn", searches=int(search), fetches=int(not search))


def _results() -> list[JSON]:
    return [
        {
            "type": "web_search_result",
            "title": title,
            "url": url,
            "encrypted_content": "ZGVtbw==",
            "page_age": "November 2, 2026",
        }
        for title, url, _ in _FOUND
    ]


def _fetched(url: str) -> JSON:
    source = {"type": "text", "media_type": "text/plain", "data": _PAGE}
    document = {"type": "document", "source": source, "title": "Example page"}
    return {
        "type": "web_fetch_result",
        "url": url,
        "content": document,
        "retrieved_at": "2026-11-25T12:00:00Z",
    }


def _cited(name: str) -> tuple[JSON, ...]:
    if name == "web_fetch":
        return ({"type": "text", "text": f"The page says: “{_PAGE}”"},)
    parts: list[JSON] = []
    for (title, url, quote), words in zip(
        _FOUND, ("One page says: ", "\n\nAnother: "), strict=True
    ):
        location = {
            "type": "web_search_result_location",
            "cited_text": quote,
            "url": url,
            "title": title,
            "encrypted_index": "ZGVtbw==",
        }
        parts.append({"type": "text", "text": words})
        parts.append({"type": "text", "text": quote, "citations": [location]})
    end = "\n\n(The demo engine invents these; it has no network.)"
    return (*parts, {"type": "text", "text": end})


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
