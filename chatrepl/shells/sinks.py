"""How the answers to many questions are written: text, objects, or rows; all in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from chatrepl.core.exchange.reply import Reply, StreamEvent, TextDelta
from chatrepl.core.items import Item
from chatrepl.core.rows import Column, RowReader, csv_line, misfit, rows_in
from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.markdown import to_markdown
from chatrepl.core.wire import Wire
from chatrepl.terminal.views.json_lines import SilentView, json_line

Write: TypeAlias = Callable[[bytes], None]
Safe: TypeAlias = Callable[[str], str]
_NOTHING: Final[Wire] = {}


@dataclass(slots=True)
class TextSink:
    """One answer after the other; a blank line parts them where one has several lines.

    With `cite` the sources of an answer stand behind it.
    """

    write: Write
    safe: Safe
    cite: bool = True
    _before: str | None = None

    def __call__(self, item: Item, result: dict[str, Any]) -> None:
        """Write an answer; what failed is an empty line, so that the others stay in their place."""
        del item
        text = _cited(result) if self.cite else str(result["text"])
        text = self.safe(text.rstrip("\n")) if result["ok"] else ""
        parted = self._before is not None and "\n" in f"{self._before}{text}"
        self._before = text
        line = f"\n{text}\n" if parted else f"{text}\n"
        self.write(line.encode("utf-8", "replace"))


def _cited(result: dict[str, Any]) -> str:
    """Give an answer with its sources, where it is the whole reply and no part or value of it."""
    text = str(result["text"])
    if not result.get("sources"):
        return text
    blocks = [block_from_wire(wire) for wire in result["content"]]
    return to_markdown(blocks) if to_markdown(blocks, cite=False) == text else text


@dataclass(slots=True)
class ObjectSink:
    """One object a line: the result, with the item that it belongs to."""

    write: Write

    def __call__(self, item: Item, result: dict[str, Any]) -> None:
        """Write a result."""
        wire = {"index": item.number, "input": item.value, **result}
        self.write(json_line(wire).encode())


@dataclass(slots=True)
class RowWriter:
    """Writes rows as a CSV file, or as an object a line; each only if it fits the columns."""

    write: Write
    columns: tuple[Column, ...]
    objects: bool = False
    safe: Safe = str
    _names: list[str] | None = None

    def begin(self, more: Sequence[str] = ()) -> None:
        """Write the header, once; `more` are columns that stand before."""
        if self._names is None:
            self._names = [*more, *(column.name for column in self.columns)]
            if not self.objects:
                self._line(csv_line(self._names))

    def row(self, row: Any, before: Wire = _NOTHING) -> str:
        """Write a row. Gives why it does not fit, and writes nothing then; else it is empty."""
        if why := misfit(self.columns, row):
            return why
        self.begin(list(before))
        whole = {**before, **{column.name: row[column.name] for column in self.columns}}
        if self.objects:
            self.write(json_line(whole).encode())
        else:
            cells = [before.get(name) for name in self._names or ()][: -len(self.columns)]
            self._line(csv_line([*cells, *(row[column.name] for column in self.columns)]))
        return ""

    def _line(self, line: str) -> None:
        self.write(self.safe(line).encode("utf-8", "replace"))


@dataclass(slots=True)
class RowSink:
    """The rows of each answer; with `fields`, each after what is known of its item.

    A field that is called like a column is `input.NAME`: no cell stands for another.
    """

    rows: RowWriter
    fields: bool = False

    def __call__(self, item: Item, result: dict[str, Any]) -> None:
        """Write the rows of an answer; what failed has none."""
        if not result["ok"]:
            return
        before: dict[str, Any] = {}
        if self.fields:
            fields = item.value if isinstance(item.value, dict) else {"input": item.value}
            taken = {column.name for column in self.rows.columns}
            before = {f"input.{n}" if n in taken else n: value for n, value in fields.items()}
        self.rows.begin(list(before))
        for row in rows_in(result.get("parsed")) or ():
            self.rows.row(row, before)


class RowsView(SilentView):
    """Writes the rows of one reply as they come, those that fit."""

    def __init__(self, rows: RowWriter) -> None:
        self._rows = rows
        self._reader = RowReader()

    def show(self, event: StreamEvent, reply: Reply) -> None:
        """Take an event."""
        del reply
        if not isinstance(event, TextDelta):
            return
        try:
            rows = self._reader.feed(event.text)
        except ValueError:
            self._reader.ended = True
            return
        for row in rows:
            self._rows.row(row)
