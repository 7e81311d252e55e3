"""The blocks that calls and results are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from chatrepl.demo.turns import enclosing, is_call, result_kind
from chatrepl.demo.validate_tools import CODE
from chatrepl.demo.wire import JSON

NewId = Callable[[], str]
DIRECT: JSON = {"type": "direct"}


@dataclass(frozen=True, slots=True)
class ToolReply:
    """The blocks of a reply that uses tools."""

    blocks: tuple[JSON, ...] = ()
    stop_reason: str = "end_turn"
    searches: int = 0
    fetches: int = 0
    container: bool = False  # whether code ran
    model: str = ""  # another model that answered

    def then(self, *blocks: JSON, stop_reason: str = "end_turn") -> "ToolReply":
        """Return the reply with more blocks, counted by what they are."""
        return replace(
            self,
            blocks=self.blocks + blocks,
            searches=self.searches + _done(blocks, "web_search"),
            fetches=self.fetches + _done(blocks, "web_fetch"),
            container=self.container or any("code_execution" in _name(b) for b in blocks),
            stop_reason=stop_reason,
        )


def _name(block: JSON) -> str:
    return str(block["name"]) if is_call(block) else str(block["type"])


def _done(blocks: Iterable[JSON], tool: str) -> int:
    """Return how many calls of a web tool are billed: failed searches are not."""
    results = [b["content"] for b in blocks if b["type"] == f"{tool}_tool_result"]
    return sum(isinstance(content, list) or tool == "web_fetch" for content in results)


def says(words: str, **more: object) -> JSON:
    """Return a block of text."""
    return {"type": "text", "text": words, **more}


def calls(name: str, given: JSON, new_id: NewId, caller: JSON | None = None) -> JSON:
    """Return a call of the service's own tool; without a caller in the form of 2025."""
    block: JSON = {
        "type": "server_tool_use", "id": f"srvtoolu_{new_id()}", "name": name, "input": given,
    }  # fmt: skip
    return block if caller is None else {**block, "caller": caller}


def from_code(code: JSON) -> JSON:
    """Return the caller of what a call of code calls."""
    return {"type": CODE, "tool_id": code["id"]}


def answers(call: JSON, content: object, **more: object) -> JSON:
    """Return the result of a call; those of the web tools name the same caller."""
    block: JSON = {
        "type": result_kind(call), "tool_use_id": call["id"], "content": content, **more,
    }  # fmt: skip
    caller = call.get("caller") if call["name"] in {"web_search", "web_fetch"} else None
    return block if caller is None else {**block, "caller": caller}


def failure(call: JSON, code: str) -> JSON:
    """Return the content of a result that is an error."""
    return {"type": f"{result_kind(call)}_error", "error_code": code}


def without_nested(blocks: tuple[JSON, ...]) -> tuple[JSON, ...]:
    """Return the blocks without the calls that a completed call of code made."""
    done = {block["tool_use_id"] for block in blocks if "tool_use_id" in block}
    return tuple(block for block in blocks if enclosing(block) not in done)
