"""What the service looked up for a reply: its searches in a line each, its sources as footnotes."""

from collections.abc import Mapping
from typing import Any

from chatrepl.core.blocks import Block, TextBlock, ToolUseBlock
from chatrepl.terminal.elements import Citations

_DOING = {
    "web_search": ("searching the web", "query"),
    "web_fetch": ("reading", "url"),
    "code_execution": ("running code", ""),
    "bash_code_execution": ("running code", ""),
}


class Sources:
    """Numbers the sources of one reply."""

    def __init__(self) -> None:
        self._citations = Citations()

    def mark(self, block: TextBlock) -> str:
        """What to put behind a block of text: a mark for each of its sources."""
        marks = dict.fromkeys(self._citations.mark(*_place(cited)) for cited in block.citations)
        fenced = block.text.rstrip().endswith("```")  # a mark there would keep the block open
        return ("\n\n" if fenced and marks else "") + "".join(marks)

    def notes(self) -> str:
        """What to put behind the reply."""
        return self._citations.notes()


def doing(call: ToolUseBlock) -> str:
    """Say what the call of a tool is for."""
    if call.type == "tool_use":
        return f"asking for the tool {call.name}"
    words, key = _DOING.get(call.name, (f"using {call.name}", ""))
    what = call.input.get(key) if key and isinstance(call.input, Mapping) else None
    return f"{words}: {what}" if isinstance(what, str) and what else words


def failure(wire: Mapping[str, Any]) -> str:
    """Say that what the service looked up was not to be had; nothing if it was."""
    content = wire.get("content")
    code = content.get("error_code") if isinstance(content, Mapping) else None
    if not isinstance(code, str):
        return ""
    name = str(wire.get("type")).removesuffix("_tool_result").replace("_", " ")
    return f"the {name} failed: {code.replace('_', ' ')}"


def called(block: Block | None) -> str:
    """Say what a finished block is for, if it is the call of a tool."""
    return doing(block) if isinstance(block, ToolUseBlock) else ""


def _place(cited: Mapping[str, Any]) -> tuple[str, str]:
    """Address and title of a source."""
    url = cited.get("url")
    title = cited.get("title") or cited.get("document_title")
    if not isinstance(title, str) or not title:
        number = cited.get("document_index")
        title = f"document {number + 1}" if isinstance(number, int) and not url else ""
    page = cited.get("start_page_number")
    if isinstance(page, int):
        title = f"{title}, page {page}"
    return (url if isinstance(url, str) else ""), title
