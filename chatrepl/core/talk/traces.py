"""What is shown of a block that has no better form: a line that names it and what it is about.

Code, output and the like add a few lines. Nothing here is sanitised: that is for who shows it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from chatrepl.core.talk.blocks import Block, TextBlock, ThinkingBlock
from chatrepl.core.wire import encode

_Rows: TypeAlias = Iterator[str]
MOST_LINES: Final = 6  # of code, or of what it wrote
CUT: Final = "[cut"  # begins the last line of an answer that was too long
_LONGEST: Final = 2000  # characters of a line: more is on no screen
_INPUTS: Final = {  # what a tool of the service is doing, and which of its input tells with what
    "web_search": ("searching", ("query",)),
    "web_fetch": ("reading", ("url",)),
    "code_execution": ("running", ("code",)),
    "bash_code_execution": ("running", ("command",)),
    "text_editor_code_execution": ("editing", ("command", "path")),
    "tool_search_tool_bm25": ("looking for tools", ("query",)),
    "tool_search_tool_regex": ("looking for tools", ("pattern", "query")),
    "advisor": ("asking the advisor", ()),
}


def trace(block: Block) -> tuple[str, ...]:
    """Give the lines; none for text and thinking that can be read."""
    wire = block.to_wire()
    if isinstance(block, TextBlock) or (isinstance(block, ThinkingBlock) and block.thinking):
        return ()
    return tuple(line[:_LONGEST] for line in _lines(block.type, wire))


def _lines(kind: str, wire: Mapping[str, Any]) -> _Rows:
    match kind:
        case "thinking" | "redacted_thinking":
            yield "thought; the service does not show what"
        case "fallback":
            yield _handed_over(wire)
        case "compaction" if wire.get("content") is None and not wire.get("encrypted_content"):
            yield "the service could not summarise the past"
        case "compaction":
            yield "the past was summarised by the service"
        case "container_upload":
            yield f"file made: {_word(wire, 'file_id')}"
        case "mcp_tool_listing":
            names = _names(wire.get("tools"), "name")
            yield f"tools of {_word(wire, 'mcp_server_name')}: {names or 'none'}"
        case "image" | "document" | "audio" | "search_result":
            source = _mapping(wire.get("source"))
            where = _words(source, "url", "file_id", "media_type", "type")
            about = _words(wire, "title", "source") or where
            yield f"{kind.replace('_', ' ')}: {_flat(about) or '?'}"
        case _ if kind.endswith("tool_use"):
            yield from _called(kind, wire)
        case _ if kind.endswith("tool_result"):
            yield from _answered(kind, wire)
        case _:
            yield from _unknown(kind, wire)


def _unknown(kind: str, wire: Mapping[str, Any]) -> _Rows:
    yield f"a block this version does not know: {_flat(kind)}"
    if text := _words(wire, "text"):
        yield from _folded(text)


def _handed_over(wire: Mapping[str, Any]) -> str:
    before, after, trigger = (_mapping(wire.get(key)) for key in ("from", "to", "trigger"))
    why = _words(trigger, "category") or _words(trigger, "type")
    declined = f"{_word(before, 'model')} declined{f': {_flat(why)}' if why else ''}"
    return f"answered by {_word(after, 'model')} ({declined})"


def _called(kind: str, wire: Mapping[str, Any]) -> _Rows:
    name, given = _word(wire, "name") if wire.get("name") else kind, wire.get("input")
    server = _words(wire, "server_name") or _words(wire, "toolset_name")
    if name in _INPUTS and kind == "server_tool_use":
        doing, keys = _INPUTS[name]
        yield from _headed(
            doing, " ".join(filter(None, (_words(_mapping(given), k) for k in keys)))
        )
        return
    if kind == "tool_use":
        from chatrepl.core.talk.arguments import arguments, tool_name  # most replies call nothing

        name, given = tool_name(name), arguments(given) if given else ""
    called = f"{_flat(server)}/{name}" if server else name
    if kind == "tool_use":
        yield f"asking for the tool {called} {given}".rstrip()
        return
    yield f"{called} {_gist(given)}" if given else called


def _answered(kind: str, wire: Mapping[str, Any]) -> _Rows:
    """Say what a tool gave; what went wrong comes first."""
    name = _named(kind)
    content = wire.get("content")
    body = _mapping(content)
    if code := _words(body, "error_code"):
        more = _words(body, "error_message")
        yield f"{name} failed: {code.replace('_', ' ')}{f' ({_flat(more)})' if more else ''}"
        return
    shape = _words(body, "type").removesuffix("_result")
    if wire.get("is_error") is True and kind == "tool_result":
        yield f"{name} failed: {_sized(_text_of(content)).removeprefix('result: ')}"
    elif wire.get("is_error") is True:
        yield from _headed(f"{name} failed", _text_of(content) or "no reason is given")
    elif kind == "tool_result":
        yield _sized(_text_of(content))
    elif shape in _RESULTS:
        yield from _RESULTS[shape](body)
    elif kind.startswith("web_search") and isinstance(content, list):
        titles = " · ".join(
            _words(_mapping(hit), "title") or _words(_mapping(hit), "url") for hit in content
        )
        yield f"found {len(content)}: {_flat(titles)}" if content else "found nothing"
    else:
        yield from _headed("result", _text_of(content) or "nothing")


def _sized(text: str) -> str:
    """Give the beginning of a tool's answer, and how long that is where it is longer."""
    first, *others = text.strip().splitlines() or ["nothing"]
    cut = ", cut" if others and others[-1].startswith(CUT) else ""
    size = f" ({len(others) + 1} lines, {len(text):,} characters{cut})" if others else ""
    return f"result: {first}{size}"


def _ran(body: Mapping[str, Any]) -> _Rows:
    """Show what code wrote, how it ended, and the files that it made."""
    if body.get("encrypted_stdout"):
        yield "its output can be read by the service alone"
    written = _words(body, "stdout")
    if written.strip():
        yield from _headed("output", written)
    if _words(body, "stderr").strip():
        yield from _headed("errors", _words(body, "stderr"))
    status = body.get("return_code")
    if status:
        yield f"ended with {_flat(str(status))}"
    files = body.get("content")
    made = [_mapping(item) for item in files] if isinstance(files, list) else []
    for item in made:
        yield f"file made: {_word(item, 'file_id')}"
    if not (
        written.strip() or made or status or body.get("encrypted_stdout") or body.get("stderr")
    ):
        yield "no output"


def _fetched(body: Mapping[str, Any]) -> _Rows:
    title = _words(_mapping(body.get("content")), "title")
    yield f"read: {' · '.join(filter(None, (_flat(title), _word(body, 'url'))))}"


def _viewed(body: Mapping[str, Any]) -> _Rows:
    yield from _headed("the file", _words(body, "content") or "empty")


def _created(body: Mapping[str, Any]) -> _Rows:
    yield "the file was replaced" if body.get("is_file_update") else "the file was written"


def _replaced(body: Mapping[str, Any]) -> _Rows:
    lines = body.get("lines")
    changed = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    yield from _headed("the file was changed", "\n".join(changed))


def _tools(body: Mapping[str, Any]) -> _Rows:
    yield f"tools found: {_names(body.get('tool_references'), 'tool_name') or 'none'}"


def _advised(body: Mapping[str, Any]) -> _Rows:
    yield from _headed("the advisor", _words(body, "text") or "can be read by the service alone")


_RESULTS: Final[Mapping[str, Callable[[Mapping[str, Any]], _Rows]]] = {
    "code_execution": _ran,
    "encrypted_code_execution": _ran,
    "bash_code_execution": _ran,
    "text_editor_code_execution_view": _viewed,
    "text_editor_code_execution_create": _created,
    "text_editor_code_execution_str_replace": _replaced,
    "web_fetch": _fetched,
    "tool_search_tool_search": _tools,
    "advisor": _advised,
    "advisor_redacted": _advised,
}


def _named(kind: str) -> str:
    tool = kind.removesuffix("tool_result").strip("_").replace("_", " ")
    return f"the {_flat(tool)}" if tool else "the tool"


def _headed(head: str, text: str) -> _Rows:
    """Begin a text behind its head; what is long is folded."""
    if not text.strip():
        yield head
        return
    first, *others = _folded(text)
    yield f"{head}: {first}"
    for line in others:
        yield f"  {line}"


def _folded(text: str) -> _Rows:
    lines = text.strip("\n").splitlines()
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"… {len(lines) - MOST_LINES} more lines"


def _text_of(content: Any) -> str:
    """Give what can be read of a result of any shape."""
    match content:
        case str():
            return content
        case list():
            return "\n".join(_gist(i) if isinstance(i, list) else _text_of(i) for i in content)
        case {"text": str(text)}:
            return text
        case Mapping() if files := _words(content, "file_id"):
            return f"file made: {_flat(files)}"
        case None:
            return ""
        case _:
            return _gist(content)


def _gist(value: Any) -> str:
    """Write a value as JSON in a line; long texts in it are cut."""
    try:
        return encode(_cut(value))[:_LONGEST]
    except (TypeError, ValueError, RecursionError):
        return "…"


def _cut(value: Any) -> Any:
    match value:
        case str() if len(value) > 200:
            return f"{value[:200]}…"
        case Mapping():
            return {key: _cut(item) for key, item in value.items()}
        case list() | tuple():
            return [_cut(item) for item in value]
        case _:
            return value


def _names(items: Any, key: str) -> str:
    return (
        ", ".join(_word(_mapping(item), key) for item in items) if isinstance(items, list) else ""
    )


def _word(wire: Mapping[str, Any], key: str) -> str:
    return _flat(_words(wire, key)) or "?"


def _words(wire: Mapping[str, Any], *keys: str) -> str:
    """Give the first of these values that is a text; empty if none is."""
    return next((value for key in keys if isinstance(value := wire.get(key), str) and value), "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _flat(text: str) -> str:
    return " ".join(text.split())
