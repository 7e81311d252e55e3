"""The words of a question about a call, and all of a call for who wants to see it."""

import json
import re

from chatrepl.core.talk.arguments import arguments, safe
from chatrepl.core.tools import Tool, ToolCall

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def run_question(call: ToolCall) -> str:
    """Ask whether a call may run: the answers stand at the end, and nowhere else."""
    name = call.name if _NAME.fullmatch(call.name) else safe(json.dumps(call.name[:20]))
    given = arguments(call.input)
    called = f"{name} {given}" if given else name
    return f"Run {called}? [y]es [a]lways in this chat [N]o [v]iew all"


def whole_call(tool: Tool, call: ToolCall) -> str:
    """Write a call with all of its arguments."""
    where = f" of {tool.source}" if tool.source else ""
    given = json.dumps(dict(call.input), ensure_ascii=False, indent=2, default=str)
    return f"{tool.name}{where}\n{given}"
