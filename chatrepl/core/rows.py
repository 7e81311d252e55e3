"""Columns in a few words, and rows that fit them: `name, age int, bio: one sentence`.

A column is a name, then its type (`str int float bool date`, or `a|b|c`), then a comment after a
colon. A `?` after the type lets the cell be empty.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from chatrepl.core.errors import SAFE, UsageError
from chatrepl.core.foreign_json import exactly
from chatrepl.core.value import frozen
from chatrepl.core.wire import encode

ROWS: Final = "rows"
_KINDS: Final[Mapping[str, str]] = {
    "str": "string", "string": "string", "text": "string", "int": "integer", "integer": "integer",
    "float": "number", "number": "number", "bool": "boolean", "boolean": "boolean",
    "date": "date",
}  # fmt: skip
_OPEN: Final[Mapping[str, str]] = {"(": ")", "[": "]"}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)  # there are other spellings of ISO dates
_QUOTED: Final = re.compile(r'[,"\r\n]|^\s|\s$')
_EMPTY: Final = '""'  # an empty line would be no row


@frozen
class Column:
    """One column. `kind` is JSON's name of its type, or `date`; `choices` are all it may be."""

    name: str
    kind: str = "string"
    choices: tuple[str, ...] = ()
    about: str = ""
    may_lack: bool = False

    def schema(self) -> dict[str, Any]:
        """Say in a JSON schema what a cell may be."""
        kind = "string" if self.kind == "date" else self.kind
        made: dict[str, Any] = {"type": [kind, "null"] if self.may_lack else kind}
        if self.choices:
            made["enum"] = [*self.choices, *([None] if self.may_lack else [])]
        if self.kind == "date":
            made["format"] = "date"
        if self.about:
            made["description"] = self.about
        return made

    def fits(self, cell: object) -> bool:
        """Tell whether a value may stand in the column."""
        match self.kind:
            case _ if cell is None:
                return self.may_lack
            case "integer":
                return isinstance(cell, int) and not isinstance(cell, bool)
            case "number":
                return _is_number(cell)
            case "boolean":
                return isinstance(cell, bool)
            case "date":
                return isinstance(cell, str) and _is_date(cell)
            case _:
                return isinstance(cell, str) and (not self.choices or cell in self.choices)


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return False
    return cell - cell == 0  # neither infinite nor no number


def parse_columns(text: str, door: str) -> tuple[Column, ...]:
    """Read the columns. Raises UsageError where they are none; `door` is where they were given."""
    columns = tuple(_column(part, door) for part in _parts(text) if part.strip())
    names = [column.name for column in columns]
    if not columns:
        raise UsageError(f"{door} takes columns: {door} 'name, age int'.", SAFE)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{door} names {twice} twice.", SAFE)
    return columns


def _parts(text: str) -> Iterator[str]:
    """Part a text at its commas, but not those within brackets."""
    begin, closing = 0, ""
    for at, char in enumerate(text):
        if closing.endswith(char) and closing:
            closing = closing[:-1]
        elif char in _OPEN:
            closing += _OPEN[char]
        elif char == "," and not closing:
            yield text[begin:at]
            begin = at + 1
    yield text[begin:]


def _column(part: str, door: str) -> Column:
    said, _, about = part.strip().partition(":")
    name, _, type_ = said.strip().replace("\t", " ").partition(" ")
    if not name or "|" in name:
        raise UsageError(f"{door}: {part.strip()[:60]!r} is no column.", SAFE)
    about, type_ = about.strip(), type_.strip()
    may_lack = type_.endswith("?") or name.endswith("?")
    name, type_ = name.removesuffix("?"), type_.removesuffix("?").strip() or "str"
    if "|" in type_:
        choices = tuple(dict.fromkeys(filter(None, map(str.strip, type_.split("|")))))
        return Column(name, "string", choices, about, may_lack)
    kind = _KINDS.get(type_.casefold())
    if kind is None:
        hint = f"{SAFE} There are str, int, float, bool, date, and a|b|c."
        raise UsageError(f"{door}: {type_[:40]!r} is no type of a column.", hint)
    return Column(name, kind, (), about, may_lack)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.fullmatch(text) is not None


def object_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """Give the schema of one object with these fields."""
    return {
        "type": "object",
        "properties": {column.name: column.schema() for column in columns},
        "required": [column.name for column in columns],
        "additionalProperties": False,
    }


def rows_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """Give the schema of a reply that holds rows."""
    return {
        "type": "object",
        "properties": {ROWS: {"type": "array", "items": object_schema(columns)}},
        "required": [ROWS],
        "additionalProperties": False,
    }


def misfit(columns: Sequence[Column], row: object) -> str:
    """Say why a value is no row of these columns; empty where it is one."""
    if not isinstance(row, dict):
        return "it is no object"
    for column in columns:
        if column.name not in row:
            return f"it has no {column.name}"
        if not column.fits(row[column.name]):
            return f"{column.name} is {encode(row[column.name])[:60]}"
    more = row.keys() - {column.name for column in columns}
    return f"it has a field {min(more)[:40]} too" if more else ""


def rows_violation(columns: Sequence[Column], value: Any) -> str | None:
    """Say where a whole reply departs from the rows that were asked for; None where it fits."""
    rows = rows_in(value)
    if rows is None:
        return "The reply holds no rows."
    for number, row in enumerate(rows, 1):
        if why := misfit(columns, row):
            return f"Row {number} of the reply does not fit: {why}."
    return None


def rows_in(value: Any) -> list[Any] | None:
    """Give the rows that a whole reply holds."""
    rows = value.get(ROWS) if isinstance(value, dict) else value
    return rows if isinstance(rows, list) else None


def csv_line(cells: Iterable[object]) -> str:
    """Write one row of a CSV file."""
    line = ",".join(_quoted(_cell(cell)) for cell in cells)
    return f"{line or _EMPTY}\n"


def _quoted(text: str) -> str:
    if _QUOTED.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return encode(value)


_NAME: Final = re.compile(rf'"{ROWS}"\s*:\s*')
_MARKS: Final = re.compile(r'["\\{}\[\]]')


class RowReader:
    """Finds the rows in a reply that is still coming: the objects in the list that it is, or names.

    What stands around is passed over, so a code fence or a word before it does no harm.
    """

    def __init__(self) -> None:
        self._text = ""
        self._at = 0  # how far it was looked at
        self._begin = -1  # where the row under way begins, or what may be the name of the list
        self._depth = 0  # of brackets, since the list began or outside of it
        self._in_list = False
        self._quoted = False
        self.ended = False

    def feed(self, delta: str) -> list[Any]:
        """Take more of the reply; give the rows that it completes.

        Raises ValueError where a row is no JSON.
        """
        rows: list[Any] = []
        if self.ended:
            return rows
        self._text += delta
        while not self.ended and (mark := _MARKS.search(self._text, self._at)) is not None:
            if mark[0] == "\\" and mark.end() == len(self._text):
                break  # what it escapes has not come yet
            self._at = mark.end() + (mark[0] == "\\")
            if (row := self._step(mark[0], mark.start())) is not None:
                rows.append(row)
        else:
            self._at = len(self._text)
        self._forget()
        return rows

    def _step(self, mark: str, at: int) -> Any:
        if mark == '"':
            self._quoted = not self._quoted
            if self._quoted and not self._in_list:
                self._begin = at
        elif self._quoted or mark == "\\":
            return None
        elif not self._in_list:
            self._look(mark, at)
        elif mark in "{[":
            self._begin = at if not self._depth else self._begin
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            if not self._depth:
                begin, self._begin = self._begin, -1
                return exactly(self._text[begin : at + 1])
        else:
            self.ended = True
        return None

    def _look(self, mark: str, at: int) -> None:
        """Look whether the list begins here."""
        name = self._text[max(0, self._begin) : at]
        if mark == "[" and (not self._depth or (self._depth == 1 and _NAME.fullmatch(name))):
            self._in_list, self._begin, self._depth = True, -1, 0
        else:
            self._depth = max(0, self._depth + (1 if mark in "{[" else -1))

    def _forget(self) -> None:
        """Let go of what was read: memory is for one row."""
        begin = self._at if self._begin < 0 else self._begin
        self._text, self._at = self._text[begin:], self._at - begin
        self._begin = -1 if self._begin < 0 else 0
