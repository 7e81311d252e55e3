"""The words of a question about a call, and all of a call for who wants to see it."""

import json

from chatrepl.core.talk.arguments import arguments, tool_name
from chatrepl.core.tools import Tool, ToolCall


def run_question(call: ToolCall) -> str:
    """Ask whether a call may run: the answers stand at the end, and nowhere else."""
    name, given = tool_name(call.name), arguments(call.input)
    called = f"{name} {given}" if given else name
    return f"Run {called}? [y]es [a]lways in this chat [N]o [v]iew all"


def whole_call(tool: Tool, call: ToolCall) -> str:
    """Write a call with all of its arguments."""
    where = f" of {tool.source}" if tool.source else ""
    given = json.dumps(dict(call.input), ensure_ascii=False, indent=2, default=str)
    return f"{tool.name}{where}\n{given}"
