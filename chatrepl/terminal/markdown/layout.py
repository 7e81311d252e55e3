"""Events of the block parser into rows: how a text wraps, and where a row is left free.

A row is final once it is returned: it depends on the events so far and on the width only.

What stands before a row: bars of quotes, marks of list items, labels of footnotes.

The open end of a text, made to look as it will: for previews only, never for what is final.

While a reply comes, `**bold` is bold before its end is there, and half an address is not shown.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style

from chatrepl.core.value import twin
from chatrepl.terminal.markdown.blocks import events as says
from chatrepl.terminal.markdown.blocks.events import Container, Event, Where
from chatrepl.terminal.markdown.highlight import Highlighter
from chatrepl.terminal.markdown.inline import Inline, Runs
from chatrepl.terminal.markdown.look import Glyphs, Look
from chatrepl.terminal.markdown.table import TableRows
from chatrepl.terminal.markdown.wrap import Row, clean, rstrip, width_of, width_of_row, wrap

_ROOM = 12  # cells that are left for the text, if the window is that wide


class Prefix(NamedTuple):
    """Before the first row, before all others, and the cells that are left."""

    first: Row
    rest: Row
    room: int


def prefix_of(path: Sequence[Container], marked: int, width: int, look: Look) -> Prefix:
    """The prefix of a leaf; the marks of the outermost `marked` containers are printed already.

    In a window too narrow for it the outermost parts are left out.
    """
    if not path:
        return Prefix([], [], max(1, width))
    parts = [_part(container, look) for container in path]
    sizes = [width_of(first) for first, _ in parts]
    skip, total = 0, sum(sizes)
    while skip < len(parts) and width - total < min(width, _ROOM):
        total -= sizes[skip]
        skip += 1
    first: Row = []
    rest: Row = []
    for index in range(skip, len(parts)):
        container, (mark, after) = path[index], parts[index]
        style = look.alert(container.mark) if container.kind == "quote" else look.marker
        if mark:
            first.append(Segment(mark, style) if index >= marked else _rest(after, style))
            rest.append(_rest(after, style))
    return Prefix(first, rest, max(1, width - total))


def _rest(after: str, style: Style) -> Segment:
    return Segment(after, style if after.strip() else Style.null())


def _part(container: Container, look: Look) -> tuple[str, str]:
    """What a container puts before its first row and before the others."""
    match container.kind:
        case "quote":
            bar = f"{look.glyphs.bar} "
            return bar, bar
        case "item":
            mark = f"{_glyphs(container.mark, look.glyphs)} "
        case "note":
            mark = f"[{container.mark[:12]}] "
        case _:
            return "", ""
    return mark, " " * width_of(mark)


def _glyphs(mark: str, glyphs: Glyphs) -> str:
    if mark.isascii():
        return mark
    return mark.replace("•", glyphs.bullet).replace("☑", glyphs.done).replace("☐", glyphs.open)


_CODE = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", re.DOTALL)
_OPEN_CODE = re.compile(r"(?<!`)(`+)(?!`)")
_MARKS = re.compile(r"(?<![\\*])(\*{1,3}|~~)(?!\*)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*$")


def close_open(text: str) -> str:
    """Close the emphasis and the code that are open at the end of a text."""
    text = _LINK.sub(r"\1", text)
    bare = _CODE.sub(lambda match: "x" * len(match.group()), text)
    if opened := _OPEN_CODE.search(bare):
        if opened.end() == len(text):
            return _close_marks(text[: opened.start()], bare[: opened.start()])
        return text + opened.group()
    return _close_marks(text, bare)


def _close_marks(text: str, bare: str) -> str:
    """Close what is open; `bare` is the text without its code, of the same length."""
    stack: list[str] = []
    for match in _MARKS.finditer(bare):
        mark = match.group()
        before = bare[match.start() - 1 : match.start()] or " "
        after = bare[match.end() : match.end() + 1]
        if stack and stack[-1] == mark and not before.isspace():
            stack.pop()
        elif not after:
            text = text[: match.start()]  # it just came: nothing stands in it yet
        elif not after.isspace() and not before.isalnum():
            stack.append(mark)
    return text.rstrip(" ") + "".join(reversed(stack)) if stack else text


_RULE = 40  # cells
_LEXED = 1_000  # characters of an overlong line that are coloured as one
_LABEL = 40  # characters
_TAIL = 24  # rows of the screen that a preview shows of an overlong row
_LONGEST = 1_000_000  # cells of a row: nobody selects more, and nothing is held for ever


class LongLine:
    """A row that comes in parts, and grows as long as it likes."""

    def __init__(self, runs: Runs | None = None) -> None:
        self._runs = runs or []
        self.cells = sum(width_of(text) for text, _ in self._runs)

    def add(self, runs: Runs) -> None:
        """Go on with the row."""
        self._runs += runs
        self.cells += sum(width_of(text) for text, _ in runs)

    def row(self, end: Iterable[Segment] = ()) -> Row:
        """The row as far as it came, and its end."""
        return rstrip([*(Segment(text, style) for text, style in self._runs if text), *end])

    def tail(self, width: int) -> "LongLine":
        """Another row that is its end, from where a row of the screen begins."""
        if self.cells <= _TAIL * width:
            return LongLine(self._runs.copy())
        runs, cells = [], 0
        for run in reversed(self._runs):
            runs.append(run)
            cells += width_of(run[0])
            if cells > _TAIL * width:
                break
        runs.reverse()
        return LongLine(_parted(runs, -(self.cells - cells) % width)[1])


def _parted(runs: Runs, count: int) -> tuple[Runs, Runs]:
    """The first characters of runs, so many of them, and the others."""
    for index, (text, style) in enumerate(runs):
        if len(text) > count:
            first = [*runs[:index], (text[:count], style)]
            return first, [(text[count:], style), *runs[index + 1 :]]
        count -= len(text)
    return runs, []


class Layout:
    """Turn events into rows of a width, which may change between calls."""

    def __init__(self, look: Look) -> None:
        self.width = 80
        self._look = look
        self._inline = Inline(look)
        self._path: tuple[Container, ...] = ()  # of the leaf that was printed last
        self._started = False
        self._listing = False  # the last leaf was a link definition
        self._where: Where | None = None  # of a leaf that has no row yet
        self._goes_on = False  # the paragraph that was printed last
        self._carry: Runs = []  # its last row, where that may go on, too
        self._word = LongLine()  # what stands before that: all of it one word
        self._in_address = False  # and that is an address
        self._line = LongLine()  # of code, as far as it came
        self._code: Highlighter | None = None
        self._table: TableRows | None = None
        self._part = ""  # of a line of code, not yet coloured
        self._label = ""  # of code without colours, until its first row
        self._raw = look.html
        self._labelled = False  # the last row says what the next is
        self._draft = False

    def draft(self, width: int) -> "Layout":
        """A layout in the same state, for a preview: it leaves this one as it is."""
        other: Layout = twin(self)
        other.width = width
        other._line = self._line.tail(other._room()) if self._line.cells else LongLine()
        other._word = LongLine()  # its end stands in what is carried
        other._code = self._code and self._code.copy()
        other._table = self._table and self._table.copy()
        other._draft = True
        return other

    def rows(self, events: Iterable[Event], references: Mapping[str, Any]) -> list[Row]:
        """The rows that the events add."""
        out: list[Row] = []
        for event in events:
            out += self._event(event, references)
        return out

    def _event(self, event: Event, references: Mapping[str, Any]) -> list[Row]:
        match event:
            case says.CodeLine(text, more):
                return self._code_line(self._part + text, more=more)
            case says.Paragraph(where, text, more):
                return self._paragraph(where, text, references, more=more)
            case says.Heading(where, level, text):
                self._where = where
                style = self._look.headings[min(level, len(self._look.headings)) - 1]
                runs = self._runs(text.replace("\n", " "), style, references)
                return self._put(wrap(runs, self._room(), cut=False))
            case says.RawLine(text, more):
                return self._whole([(clean(text), self._raw)], more=more)
            case says.Empty(where):
                self._where = where
                return self._put([[]])
            case says.Rule(where):
                self._where = where
                size = min(self._room(), _RULE)
                return self._put([[Segment(self._look.glyphs.rule * size, self._look.rule)]])
            case says.Definition():
                return self._definition(event)
            case says.TableStart() | says.TableRow() | says.TableEnd():
                return self._table_event(event, references)
            case _:
                return self._begin(event)

    def _begin(self, event: Event) -> list[Row]:
        """Begin what comes in lines; only an alert has a row of its own."""
        match event:
            case says.CodeStart(where, language):
                self._where = where
                self._code = Highlighter(language, self._look.code_theme)
                rule, word = self._look.glyphs.rule * 2, clean(language[:_LABEL])
                if not rule:  # no ear hears colours
                    self._label = f"code: {word}".rstrip()
                else:
                    self._label = "" if self._code.colours else f"{rule} {word or 'code'}"
            case says.HtmlStart(where):
                self._where, self._raw = where, self._look.html
            case says.MathStart(where):
                self._where, self._raw = where, self._look.math
            case says.Alert(where, name):
                self._where = where
                rows = self._put([[Segment(clean(name.capitalize()), self._look.alert(name))]])
                self._labelled = True
                return rows
            case _:
                pass
        return []

    def _table_event(self, event: Event, references: Mapping[str, Any]) -> list[Row]:
        def cells(texts: list[str]) -> list[Runs]:
            return [self._runs(text, self._look.text, references) for text in texts]

        if isinstance(event, says.TableStart):
            self._where = event.where
            self._table = TableRows(self._look, cells(event.head), event.aligns)
            return []
        if self._table is None:
            return []
        if isinstance(event, says.TableRow):
            return self._put(self._table.add(cells(event.cells), self._room()))
        rows = self._put(self._table.end(self._room()))
        self._table = None
        return rows

    def _paragraph(
        self, where: Where, text: str, references: Mapping[str, Any], *, more: bool
    ) -> list[Row]:
        if not self._goes_on:
            self._where = where
        runs = self._carry + self._runs(text.removesuffix("\n"), self._base(where), references)
        rows = wrap(runs, self._room(), cut=False, in_address=self._in_address)
        self._goes_on, self._carry = more, []
        open_row = rows.pop() if more and not text.endswith("\n") else None
        if self._word.cells and (rows or self._word.cells > _LONGEST):
            rows[:1] = [self._word.row(*rows[:1])]
            self._word, self._in_address = LongLine(), False
        if open_row is not None:
            self._carry = self._kept_short(open_row)
            self._carry.append((text[len(text.rstrip()) :], self._look.text))
        return self._put(rows)

    def _kept_short(self, row: Row) -> Runs:
        """The row that may go on; of a long word, which is not to be read again and again, its end.

        A row is wider than its room only where it is one word.
        """
        runs = [(segment.text, segment.style or self._look.text) for segment in row]
        room = self._room()
        length = sum(len(text) for text, _ in runs)
        if length <= 2 * _TAIL * room or width_of_row(row) <= room:
            return runs
        word, end = _parted(runs, (length // room - _TAIL) * room)
        self._word.add(word)
        self._in_address = self._in_address or "://" in "".join(text for text, _ in word)
        return end

    def _code_line(self, text: str, *, more: bool) -> list[Row]:
        self._part = text if more and len(text) < _LEXED else ""
        if self._part:
            return []
        label, self._label = self._label, ""
        rows = self._put([[Segment(label, self._look.rule)]]) if label else []
        return rows + self._whole(self._code.line(clean(text)) if self._code else [], more=more)

    def _whole(self, runs: Runs, *, more: bool) -> list[Row]:
        """A row that is as long as it is: the terminal wraps it, and knows that it is one."""
        self._line.add(runs)
        if more and self._line.cells < _LONGEST:
            return []
        row, self._line = self._line.row(), LongLine()
        return self._put([row])

    def _definition(self, event: says.Definition) -> list[Row]:
        together = self._listing and not event.where.blank
        self._where = event.where
        look = self._look
        runs = [(clean(f"[{event.label}] "), look.note)]
        runs.append((clean(event.url), look.target))
        if event.title:
            runs.append((clean(f" {event.title}"), look.text))
        rows = self._put(wrap(runs, self._room(), cut=False), free=not together)
        self._listing = True
        return rows

    def _base(self, where: Where) -> Style:
        quoted = any(container.kind == "quote" for container in where.path)
        return self._look.quote if quoted else self._look.text

    def _runs(self, text: str, base: Style, references: Mapping[str, Any]) -> Runs:
        return self._inline.runs(close_open(text) if self._draft else text, base, references)

    # where rows stand

    def _prefix(self) -> Prefix:
        """What goes before the rows of the leaf that is being printed."""
        if self._where is None:
            return prefix_of(self._path, len(self._path), self.width, self._look)
        shared = _shared(self._path, self._where.path) if self._started else 0
        return prefix_of(self._where.path, shared, self.width, self._look)

    def _room(self) -> int:
        return self._prefix().room

    def _put(self, rows: list[Row], *, free: bool = True) -> list[Row]:
        """Rows with what stands before them, and a free row above where one belongs."""
        if not rows:
            return rows
        prefix = self._prefix()
        out: list[Row] = []
        lead = prefix.rest
        if self._where is not None:
            if self._started and free and self._apart(self._where):
                out.append(self._gap(self._where))
            lead = prefix.first
            self._path, self._started, self._listing = self._where.path, True, False
            self._where, self._labelled = None, False
        for row in rows:
            out.append([*lead, *row] if row else rstrip(lead))
            lead = prefix.rest
        return out

    def _apart(self, where: Where) -> bool:
        """Tell whether a free row goes above: in lists as in the source, elsewhere always."""
        shared = _shared(self._path, where.path)
        inside = where.path[shared - 1].kind if shared else "document"
        if self._labelled and shared == len(self._path):
            return False
        noted = shared < min(len(self._path), len(where.path)) and (
            self._path[shared].kind == where.path[shared].kind == "note"
        )
        return where.blank or (inside in {"document", "quote"} and not noted)

    def _gap(self, where: Where) -> Row:
        shared = _shared(self._path, where.path)
        path = where.path[:shared]
        return rstrip(prefix_of(path, shared, self.width, self._look).rest)


def _shared(path: tuple[Container, ...], other: tuple[Container, ...]) -> int:
    """How many containers two leaves have in common."""
    count = 0
    for one, two in zip(path, other, strict=False):
        if one.uid != two.uid:
            break
        count += 1
    return count
