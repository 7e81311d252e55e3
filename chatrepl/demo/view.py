"""The conversation as the answering side sees it: who asked what, under which system prompt."""

import json
import re
from dataclasses import dataclass

from chatrepl.demo import images
from chatrepl.demo.request import WireRequest
from chatrepl.demo.turns import turns_of
from chatrepl.demo.wire import JSON

_BEGIN = re.compile(r'Begin your reply with exactly this text[^"]*("(?:[^"\\]|\\.)*")')
_CONTINUE = "Continue exactly where it stops"
_END = 300
_NAME = re.compile(r"\bmy name is ([^\W\d_][\w'’-]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what came before it."""

    asked: str
    earlier: tuple[str, ...] = ()
    system: str = ""
    attached: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()  # the texts among what is attached
    begin: str | None = None  # what the reply has to begin with, by instruction
    results: tuple[str, ...] = ()  # what tools answered
    said: str = ""  # what the reply said before it was cut
    continues: bool = False

    @property
    def turn(self) -> int:
        return len(self.earlier) + 1

    @property
    def name(self) -> str:
        """The name the user told, the latest one, or nothing."""
        found = _NAME.findall("\n".join(map(ends, (*self.earlier, self.asked))))
        return str(found[-1]) if found else ""


def ends(text: str) -> str:
    """Return a text, or both ends of a long one: a pasted page is not searched for words."""
    return text if len(text) <= 2 * _END else f"{text[:_END]} {text[-_END:]}"


def look(request: WireRequest) -> Question:
    """Return the view of a request."""
    turns = [(turn.role, turn.blocks) for turn in turns_of(request.messages)]
    said = ""
    if turns[-1][0] == "assistant":
        said = _joined(turns.pop()[1])
    continues = False
    while len(turns) > 2 and any(_CONTINUE in text for text in _texts(turns[-1][1])):
        continues = True
        turns.pop()
        said = _joined(turns.pop()[1]) + said
    users = [blocks for role, blocks in turns if role == "user"]
    last = users[-1]
    return Question(
        asked=_question(last),
        earlier=tuple(text for text in map(_question, users[:-1]) if text),
        system=_system(request),
        attached=tuple(name for block in last if (name := describe(block))),
        documents=tuple(filter(None, map(_text_of, last))),
        begin=_begin(last),
        results=tuple(_result(block) for block in last if block["type"] == "tool_result"),
        said=said,
        continues=continues,
    )


def _system(request: WireRequest) -> str:
    later = [m for m in request.messages if m.role == "system" and m.texts()]
    texts = [block["text"] for block in request.system] + [t for m in later for t in m.texts()]
    return "\n".join(texts[-1:] if later else texts)


def _texts(blocks: list[JSON]) -> list[str]:
    return [block["text"] for block in blocks if block["type"] == "text"]


def _joined(blocks: list[JSON]) -> str:
    return "".join(_texts(blocks))


def _question(blocks: list[JSON]) -> str:
    texts = _texts(blocks)
    plain = [text for text in texts if not _BEGIN.search(text)]
    kept = plain or [_BEGIN.sub("", text) for text in texts]
    return "\n".join(kept).strip()


def _begin(blocks: list[JSON]) -> str | None:
    for text in reversed(_texts(blocks)):
        if (found := _BEGIN.search(text)) is not None:
            try:
                return str(json.loads(found.group(1)))
            except ValueError:
                return None
    return None


def _result(block: JSON) -> str:
    content = block.get("content") or ""
    return content if isinstance(content, str) else _joined(content)


def _text_of(block: JSON) -> str:
    source = block.get("source")
    is_text = block["type"] == "document" and isinstance(source, dict) and source["type"] == "text"
    return str(source["data"]) if is_text and isinstance(source, dict) else ""


def describe(block: JSON) -> str:
    """Return what an attachment is, or nothing for other blocks."""
    source = block.get("source")
    if block["type"] not in {"image", "document"} or not isinstance(source, dict):
        return ""
    if source["type"] in {"url", "file"}:
        return f"{block['type']} from {source.get('url') or source.get('file_id')}"
    if block["type"] == "document":
        title = f" “{block['title']}”" if block.get("title") else ""
        return f"document{title} ({source.get('media_type', 'blocks')})"
    size = images.measure_base64(source["data"]) or (0, 0)
    return f"{source['media_type']} image, {size[0]} × {size[1]} pixels"
