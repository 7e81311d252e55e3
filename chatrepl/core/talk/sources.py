"""The sources of a reply: numbered as they are cited, each address once, listed as footnotes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

# What would be Markdown in a title; all else stays as it is, for those who read the plain text.
_ACTIVE: Final = re.compile(
    r"[\\`*\[\]~$^]|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\A[-#+>|=:]|(?<=\A\d)[.)]"
    r"|(?<=\A\d\d)[.)]|(?<=\A\d{3})[.)]|(?<=\A\d{4})[.)]|!(?=\[)|\|"
)
_ADDRESS: Final = re.compile(r"https?://[^\s<>]+\Z")
# What a citation tells of its place in a document: the word for it, its keys, how far from one the
# service counts, and whether the end stands for the last one or for what follows it.
_PLACES: Final = (
    ("page", "start_page_number", "end_page_number", 0, True),
    ("characters", "start_char_index", "end_char_index", 0, False),
    ("part", "start_block_index", "end_block_index", 1, True),
)


@frozen
class Source:
    """What supports a text: `url` is empty for a document, `place` says where in it.

    `number` tells documents of one title apart.
    """

    title: str = ""
    url: str = ""
    place: str = ""
    cited_text: str = ""
    number: int | None = None

    @classmethod
    def of(cls, cited: Wire) -> "Source":
        """Read a citation of any kind, known to us or not."""
        url = _text(cited, "url") or _text(cited, "source")
        title = _text(cited, "title") or _text(cited, "document_title")
        index = cited.get("document_index")
        number = index if isinstance(index, int) else None
        if not title and not url:
            title = "a source without a name" if number is None else f"document {number + 1}"
        return cls(title, url, "" if url else _place(cited), _text(cited, "cited_text"), number)

    @property
    def key(self) -> tuple[str | int | None, ...]:
        """What one source is told from another by."""
        return (self.url,) if self.url else (self.title, self.place, self.number)

    @property
    def name(self) -> str:
        """The title and the place, in a line."""
        return " ".join(", ".join(filter(None, (self.title, self.place))).split())


@dataclass(slots=True)
class Sources:
    """Numbers the sources of one reply."""

    _numbers: dict[tuple[str | int | None, ...], int] = field(default_factory=dict)
    _sources: list[Source] = field(default_factory=list)
    _noted: int = 0

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> "Sources":
        """Number the sources of a whole reply."""
        sources = cls()
        for block in blocks:
            if isinstance(block, TextBlock):
                sources.marks(block.citations)
        return sources

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources)

    def marks(self, citations: Iterable[Wire]) -> tuple[str, ...]:
        """Give the marks to put behind the text that they support, each once."""
        return tuple(dict.fromkeys(f"[^{self.number(cited)}]" for cited in citations))

    def number(self, cited: Wire) -> int:
        """Give the number of a citation's source, a new one where it is new."""
        source = Source.of(cited)
        if source.key not in self._numbers:
            self._sources.append(source)
            self._numbers[source.key] = len(self._sources)
        return self._numbers[source.key]

    def notes(self) -> str:
        """Give the notes to put behind the text, each once; nothing if there is no new source."""
        begins, self._noted = self._noted, len(self._sources)
        lines = (
            f"[^{number}]: {' '.join(filter(None, (inert(source.name), _address(source.url))))}\n"
            for number, source in enumerate(self._sources[begins:], begins + 1)
        )
        return "".join(lines)

    def to_wire(self) -> list[dict[str, Any]]:
        """List the sources for programs."""
        return [
            {
                "n": number,
                "title": source.title or None,
                "url": source.url or None,
                "cited_text": source.cited_text or None,
            }
            for number, source in enumerate(self._sources, 1)
        ]


def _address(url: str) -> str:
    return f"<{url}>" if _ADDRESS.match(url) else inert(" ".join(url.split()))


def inert(text: str) -> str:
    """Escape what would be Markdown in a line."""
    return _ACTIVE.sub(r"\\\g<0>", text)


def _text(cited: Wire, key: str) -> str:
    value = cited.get(key)
    return value if isinstance(value, str) else ""


def _place(cited: Wire) -> str:
    for word, begins, ends, base, is_counted in _PLACES:
        first, end = cited.get(begins), cited.get(ends)
        if not isinstance(first, int):
            continue
        first += base
        last = end + base - is_counted if isinstance(end, int) else first
        plural = "" if word.endswith("s") or last <= first else "s"
        return f"{word}{plural} {first}" + (f"-{last}" if last > first else "")
    return ""
