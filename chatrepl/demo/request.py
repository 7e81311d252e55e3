"""A request that passed the rules, in one normal form: every content is a list of blocks."""

from dataclasses import dataclass
from typing import Any

from chatrepl.demo.models import ModelCard
from chatrepl.demo.wire import JSON


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One message; `place` is its number in the request, `effort` what it changes that to."""

    role: str
    content: tuple[JSON, ...]
    place: int
    effort: str | None = None

    def defined(self) -> list[JSON]:
        """Return the tools that a system message defines."""
        changes = [block["tool"] for block in self.content if block["type"] == "tool_addition"]
        return [tool["definition"] for tool in changes if "definition" in tool]

    def texts(self) -> list[str]:
        return [block["text"] for block in self.content if block["type"] == "text"]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A checked body of /v1/messages or count_tokens."""

    body: JSON
    model: ModelCard
    system: tuple[JSON, ...]
    messages: tuple[WireMessage, ...]
    betas: frozenset[str] = frozenset()

    @property
    def tools(self) -> list[JSON]:
        return self.body.get("tools") or []

    @property
    def offered(self) -> list[JSON]:
        """The tools that the model may call, after all that messages changed."""
        tools = {key_of(tool): tool for tool in self.tools}
        gone: dict[str, JSON] = {}
        for message in self.messages:
            for block in message.content if message.role == "system" else ():
                if block["type"] == "text":
                    continue
                change = block["tool"]
                name = key_of(change.get("definition") or change)
                if block["type"] == "tool_removal":
                    gone |= {name: tools.pop(name)} if name in tools else {}
                else:
                    tool = change.get("definition") or gone.get(name)
                    tools |= {name: tool} if tool else {}
        return list(tools.values())

    @property
    def effort(self) -> str:
        """The effort in force, empty where it is the model's own."""
        later = [m.effort for m in self.messages if m.effort is not None]
        top = (self.body.get("output_config") or {}).get("effort")
        return str(later[-1] if later else top or "")

    @property
    def thinking(self) -> str:
        """The kind of thinking in force: adaptive, enabled, between_tools or disabled."""
        asked = self.body.get("thinking")
        if asked:
            return str(asked["type"])
        return "adaptive" if self.model.thinks_by_default else "disabled"

    @property
    def display(self) -> str:
        """Whether thinking is summarized or omitted."""
        asked = (self.body.get("thinking") or {}).get("display")
        return str(asked or ("summarized" if self.model.shows_thinking else "omitted"))

    @property
    def schema(self) -> JSON | None:
        """The schema the reply has to satisfy."""
        form = (self.body.get("output_config") or {}).get("format")
        return form["schema"] if form else None

    @property
    def prefill(self) -> str | None:
        """The text of a final assistant message that the reply has to continue."""
        last = self.messages[-1]
        if last.role != "assistant" or paused(last):
            return None
        return "".join(last.texts())

    @property
    def resumes(self) -> bool:
        """Whether this continues a reply that paused in a server tool."""
        last = self.messages[-1]
        return last.role == "assistant" and paused(last)

    def server_tool(self, name: str) -> JSON | None:
        return next((tool for tool in self.offered if tool.get("name") == name), None)


EFFORT = "output_config"


def effort_block(effort: str) -> JSON:
    """Return a change of effort as a part of the past."""
    return {"type": EFFORT, "effort": effort}


def key_of(tool: JSON) -> str:
    """Return what a tool or a reference to one is called, a whole server by the server's name."""
    server = tool.get("mcp_server_name") or tool.get("server_name")
    return f"{server or ''}/{tool.get('name', '')}"


def paused(message: WireMessage) -> bool:
    """Return whether an assistant message ends inside a server tool's work."""
    if not message.content:
        return False
    kind = message.content[-1]["type"]
    return bool(kind != "tool_use" and kind.endswith(("tool_use", "_tool_result")))


def as_blocks(content: Any) -> tuple[JSON, ...]:
    """Return content as blocks; a string is one text block."""
    if isinstance(content, str):
        return ({"type": "text", "text": content},) if content else ()
    return tuple(content or ())


def bare(block: JSON) -> JSON:
    """Return the block without its cache mark and without keys that are null."""
    return {k: v for k, v in block.items() if k != "cache_control" and v is not None}
