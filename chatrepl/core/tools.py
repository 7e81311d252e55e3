"""Tools on this machine: what the model is told of one, what it calls, what it is answered.

What runs a tool is an edge (`chatrepl/tools`) behind `Toolbox`; the loop of calls and answers is in
`turn.py`. A kind of source gets a value here, made of its table in the configuration.
"""

from collections.abc import Coroutine, Mapping
from dataclasses import field
from typing import Any, Final, Literal, Protocol, TypeAlias

from chatrepl.core.talk.blocks import Block, TextBlock, ToolResultBlock, ToolUseBlock
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

Approval: TypeAlias = Literal["never", "ask", "always"]
DEADLINE_S: Final = 60.0
LONGEST_NAME: Final = 64
TOOL_NAME: Final = rf"[a-zA-Z0-9_-]{{1,{LONGEST_NAME}}}"
# What the service takes of the schema of an input: such fields, and none of these at its top.
FIELD_NAME: Final = r"[a-zA-Z0-9_.-]{1,64}"
NOT_AT_THE_TOP: Final = frozenset({"anyOf", "oneOf", "allOf"})
# What the service calls tools of its own: nobody else's may be called so.
SERVICE_TOOLS: Final = frozenset(
    "web_search web_fetch code_execution bash_code_execution text_editor_code_execution "
    "tool_search_tool_bm25 tool_search_tool_regex advisor".split()
)


@frozen
class ToolProgram:
    """A program that is a tool: the table `[tools.NAME]`.

    It gets the input as JSON on stdin. `environment` names the variables that it is given beyond
    those that every program needs; `folder` is where it runs, empty for the working directory.
    """

    name: str
    command: tuple[str, ...]
    description: str
    schema: Wire = field(default_factory=lambda: {"type": "object"})
    approve: Approval = "ask"
    deadline_s: float = DEADLINE_S
    folder: str = ""
    environment: tuple[str, ...] = ()


@frozen
class McpServer:
    """A server of tools: the table `[mcp.NAME]`, with a `command` (stdio) or a `url`.

    `connect` tells who speaks to the one at a `url`. Of its tools those in `tools` are used, or
    all; never those in `deny`. What `token_command` prints is sent to it as a bearer token.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    connect: Literal["here", "service"] = "here"
    token_command: tuple[str, ...] = ()
    approve: Approval = "ask"
    tools: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    deadline_s: float = DEADLINE_S
    folder: str = ""
    environment: tuple[str, ...] = ()


@frozen
class Tool:
    """A tool as the model is told of it. `source` is the server it is from, or empty."""

    name: str
    description: str
    schema: Wire
    source: str = ""
    approve: Approval = "ask"

    def to_wire(self) -> dict[str, Any]:
        """Declare the tool."""
        parts = {"name": self.name, "description": self.description}
        return {**{k: v for k, v in parts.items() if v}, "input_schema": dict(self.schema)}


@frozen
class ToolCall:
    """What the model wants to be run."""

    id: str
    name: str
    input: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_block(cls, block: ToolUseBlock) -> "ToolCall":
        return cls(block.id, block.name, block.input)


@frozen
class ToolAnswer:
    """What came of a call: text and pictures; `is_error` tells the model that it failed."""

    content: tuple[Block, ...]
    is_error: bool = False

    @classmethod
    def error(cls, words: str) -> "ToolAnswer":
        return cls((TextBlock(words),), is_error=True)

    def to_block(self, call: ToolCall) -> ToolResultBlock:
        """Write the answer to `call` as a block of the next message."""
        content = [block.to_wire() for block in self.content]
        return ToolResultBlock("tool_result", call.id, content, is_error=self.is_error or None)


class Toolbox(Protocol):
    """What runs the tools of a chat. None of its methods raises for what a tool does wrong."""

    def tools(self) -> Coroutine[None, None, tuple[Tool, ...]]:
        """Give the tools there are; servers are started when this is asked first."""

    def run(self, tool: Tool, call: ToolCall, /) -> Coroutine[None, None, ToolAnswer]:
        """Run a tool that the user agreed to. A cancellation ends it, and goes on."""

    def close(self) -> Coroutine[None, None, None]:
        """End all that was started."""
