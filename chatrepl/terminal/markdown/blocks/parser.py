"""A block parser that takes one line at a time and says each block as soon as it is certain.

It follows the two-phase algorithm of the CommonMark specification's appendix: which open containers
go on, then what the rest of the line begins. Tables, footnotes and check boxes are added.

Two rules of our own bound what must be held back; they hold for a whole text as for a stream:
a paragraph longer than `PIECE` is said in pieces, a table's columns are fixed by its first rows.
"""

import copy
from collections import ChainMap
from collections.abc import MutableMapping
from typing import Self

from chatrepl.core.fences import fence_mark, language_of
from chatrepl.core.value import twin
from chatrepl.terminal.markdown.blocks import events as says
from chatrepl.terminal.markdown.blocks import starts
from chatrepl.terminal.markdown.blocks.events import Container, ContainerKind, Event, Where
from chatrepl.terminal.markdown.blocks.leaves import (
    FenceLeaf,
    HtmlLeaf,
    IndentedLeaf,
    Leaf,
    MathLeaf,
    ParagraphLeaf,
    RawLeaf,
    TableLeaf,
)
from chatrepl.terminal.markdown.blocks.lines import LinePart, Marker, SourceLine
from chatrepl.terminal.markdown.blocks.starts import References, take_definitions

PIECE = 300  # characters of a paragraph that wait for more; where emphasis or a link is open, MOST
MOST = 3_000


class Blocks:
    """The open containers, outermost first, and the open leaf; both methods say what is certain."""

    def __init__(self) -> None:
        self.references: MutableMapping[str, References] = {}
        self._uid = 0
        self._stack: list[Container] = []
        self._leaf: Leaf | None = None
        self._blank = False
        self._cut = False  # the last line goes on
        self._out: list[Event] = []

    @property
    def goes_on(self) -> bool:
        """Whether the next line is more of the last one."""
        return self._cut

    def copy(self) -> Self:
        """A parser in the same state that leaves this one as it is."""
        other = twin(self)
        vars(other).update(
            references=ChainMap({}, self.references),
            _stack=[twin(container) for container in self._stack],
            _leaf=copy.copy(self._leaf),
            _out=[],
        )
        return other

    def line(self, text: str) -> list[Event]:
        """Take one more line and return what became certain by it."""
        self._out = []
        is_rest, self._cut = self._cut, isinstance(text, LinePart)
        if is_rest and self._takes_rest(text):
            return self._out
        line = SourceLine(text)
        depth = self._going_on(line)
        if depth == len(self._stack) and self._leaf is not None and self._leaf_takes(line):
            return self._out
        self._begin(line, depth)
        return self._out

    def finish(self) -> list[Event]:
        """Close all that is open."""
        self._out = []
        self._close(0)
        return self._out

    def _close(self, depth: int) -> None:
        """Close the leaf, and all containers but the outermost `depth`."""
        self._close_leaf()
        while len(self._stack) > depth:
            container = self._stack[-1]
            if not container.filled and container.kind != "list":
                self._out.append(says.Empty(self._where()))
            self._stack.pop()

    def _push(
        self, kind: ContainerKind, mark: str = "", *, width: int = 0, number: int = 0
    ) -> None:
        self._fill()
        self._uid += 1
        self._stack.append(Container(self._uid, kind, mark, width, number))

    def _fill(self) -> None:
        for container in reversed(self._stack):
            if container.filled:
                break
            container.filled = True

    def _where(self) -> Where:
        """Where a leaf that begins now stands."""
        where = Where(tuple(self._stack), self._blank)
        self._blank = False
        return where

    def _new_leaf(self, leaf: Leaf | None, depth: int) -> None:
        self._close(self._out_of_list(depth))
        self._fill()
        self._leaf = leaf

    def _out_of_list(self, depth: int) -> int:
        """The depth where something other than an item of the innermost list can stand."""
        return depth - 1 if depth and self._stack[depth - 1].kind == "list" else depth

    def _say_piece(self, text: ParagraphLeaf) -> None:
        """Say a long paragraph as far as it is certain."""
        self._define(text)
        if text.lines and (certain := text.certain()):
            self._out.append(says.Paragraph(text.where, certain, more=True))
            text.restart()

    def _define(self, text: ParagraphLeaf) -> None:
        """Take link definitions off the start of a paragraph."""
        if text.said or not text.lines or text.lines[0][0] != "[":
            return
        definitions, text.lines = take_definitions(text.lines, self.references)
        where = text.where
        for definition in definitions:
            self._out.append(says.Definition(where, *definition))
            where = where._replace(blank=False)
        text.where = where

    def _close_leaf(self) -> None:
        leaf, self._leaf = self._leaf, None
        match leaf:
            case ParagraphLeaf():
                self._define(leaf)
                if leaf.lines:
                    self._out.append(says.Paragraph(leaf.where, leaf.whole()))
            case TableLeaf():
                self._out.append(says.TableEnd())
            case RawLeaf():
                self._blank = leaf.blanks > 0
            case _:
                pass

    # containers

    def _going_on(self, line: SourceLine) -> int:
        """How many of the open containers this line continues."""
        for depth, container in enumerate(self._stack):
            match container.kind:
                case "quote":
                    on = line.take_quote()
                case "item" | "note" if line.blank:
                    on = container.filled
                case "item" | "note":
                    on = line.indent >= container.width
                    if on:
                        line.strip(container.width)
                case _:
                    on = True
            if not on:
                return depth
        return len(self._stack)

    # what a line begins

    def _begin(self, line: SourceLine, depth: int) -> None:
        if line.blank:
            self._close(depth)
            self._blank = True
            return
        while not line.blank:
            if line.indent >= 4:
                if isinstance(self._leaf, ParagraphLeaf):
                    break
                self._open_indented(line, depth)
                return
            deeper = self._container(line, depth)
            if deeper:
                depth = deeper
                continue
            if self._one_line(line, depth) or self._many_lines(line, depth):
                return
            break
        self._text(line, depth)

    def _container(self, line: SourceLine, depth: int) -> int:
        """Open the container that begins here; returns the new depth, or 0."""
        first = line.body[0]
        if first == ">":
            self._close(self._out_of_list(depth))
            self._push("quote")
            line.take_quote()
        elif first in "-+*0123456789":
            marker = line.marker()
            if marker is None or starts.is_rule(line.body) or self._keeps(line, depth, marker):
                return 0
            if self._underlines(line, depth):
                return 0
            self._item(line, depth, marker)
        elif first == "[" and (note := starts.note(line.body)):
            self._close(self._out_of_list(depth))
            line.take(note[1])
            line.strip(line.indent)
            self._push("note", note[0], width=4)
        else:
            return 0
        return len(self._stack)

    def _underlines(self, line: SourceLine, depth: int) -> int:
        """Tell the level of the heading that this line makes of the open paragraph, or 0."""
        text = self._leaf
        if depth < len(self._stack) or not isinstance(text, ParagraphLeaf) or text.said:
            return 0
        return starts.setext(line.body)

    def _keeps(self, line: SourceLine, depth: int, marker: Marker) -> bool:
        """Tell whether an open paragraph keeps this line, though it looks like a list item."""
        if not isinstance(self._leaf, ParagraphLeaf) or depth < len(self._stack):
            return False
        return marker.number not in {-1, 1} or not line.rest[marker.width :].strip(" \t")

    def _item(self, line: SourceLine, depth: int, marker: Marker) -> None:
        top = self._stack[depth - 1] if depth else None
        if top is None or top.kind != "list" or top.mark != marker.mark:
            self._close(self._out_of_list(depth))
            self._push("list", marker.mark, number=max(0, marker.number))
            top = self._stack[-1]
        else:
            self._close(depth)
        bullet = "•" if marker.number < 0 else f"{top.number}{marker.mark}"
        top.number += 1
        line.take_marker(marker)
        self._push("item", bullet, width=marker.width)
        done = starts.task(line.body)
        if done is not None:
            self._stack[-1].mark = (
                ("☑" if done else "☐") if marker.number < 0 else (bullet + (" ☑" if done else " ☐"))
            )
            line.take(3)
            line.strip(line.indent)

    def _one_line(self, line: SourceLine, depth: int) -> bool:
        """Say a heading or a rule, if the line is one."""
        body = line.body
        if body[0] == "#" and (heading := starts.atx(body)):
            self._new_leaf(None, depth)
            self._out.append(says.Heading(self._where(), *heading))
            return True
        text = self._leaf
        level = self._underlines(line, depth)
        if level and isinstance(text, ParagraphLeaf):
            self._define(text)
            if text.lines:
                self._leaf = None
                self._out.append(says.Heading(text.where, level, text.whole()))
                return True
            self._leaf = None
        if body[0] in "*-_" and starts.is_rule(body):
            self._new_leaf(None, depth)
            self._out.append(says.Rule(self._where()))
            return True
        return False

    def _many_lines(self, line: SourceLine, depth: int) -> bool:
        """Open a fence, an HTML block or a table, if the line begins one."""
        body = line.body
        if body[0] in "`~" and (mark := fence_mark(body)):
            language = language_of(mark.info)
            is_markdown = language == "markdown"
            fence = FenceLeaf(levels=(mark,), indent=line.indent, is_markdown=is_markdown)
            self._new_leaf(fence, depth)
            self._out.append(says.CodeStart(self._where(), language))
            return True
        if body[0] == "<" and (kind := starts.html(body)):
            if kind == 7 and isinstance(self._leaf, ParagraphLeaf | TableLeaf):
                return False
            self._new_leaf(HtmlLeaf(html=kind), depth)
            self._out.append(says.HtmlStart(self._where()))
            return self._leaf_takes(line)
        if body[0] in "$\\" and not self._in_formula() and (end := starts.math(body)):
            leaf = MathLeaf(end=end)
            self._new_leaf(leaf, depth)
            self._out.append(says.MathStart(self._where()))
            self._out += leaf.say(line.raw, more=self._cut)
            return True
        return self._open_table(body, depth)

    def _in_formula(self) -> bool:
        """Tell whether the open paragraph began a formula in mid-line."""
        return isinstance(self._leaf, ParagraphLeaf) and self._leaf.joined().count("$$") % 2 == 1

    def _open_table(self, body: str, depth: int) -> bool:
        text = self._leaf
        if not isinstance(text, ParagraphLeaf) or depth < len(self._stack) or body[0] not in "|-:":
            return False
        aligns = starts.delimiters(body)
        head = text.lines[-1] if text.lines else ""
        if aligns is None or "|" not in head:
            return False
        names = starts.cells(head)
        if len(names) != len(aligns):
            return False
        text.drop_last()
        where = text.where
        if text.lines or text.said:
            self._close_leaf()
            where = self._where()
        self._leaf = TableLeaf(len(names))
        self._out.append(says.TableStart(where, names, aligns))
        return True

    def _open_indented(self, line: SourceLine, depth: int) -> None:
        self._new_leaf(IndentedLeaf(), depth)
        self._out.append(says.CodeStart(self._where(), ""))
        self._leaf_takes(line)

    # the open leaf

    def _text(self, line: SourceLine, depth: int) -> None:
        """What begins nothing: more of the open leaf, or a new paragraph."""
        leaf = self._leaf
        if line.blank:  # after a mark that was just read
            return
        if isinstance(leaf, ParagraphLeaf):  # also where its containers do not go on
            self._more_text(leaf, line.body)
        elif isinstance(leaf, TableLeaf) and depth == len(self._stack):
            row = starts.cells(line.body)[: leaf.columns]
            self._out.append(says.TableRow(row + [""] * (leaf.columns - len(row))))
        else:
            body = self._alert(line, depth)
            self._new_leaf(None, depth)
            if body:
                text = ParagraphLeaf(self._where())
                self._more_text(text, body)
                self._leaf = text

    def _alert(self, line: SourceLine, depth: int) -> str:
        """Say the alert that a quote begins with; returns the rest of the line."""
        top = self._stack[-1] if depth and depth == len(self._stack) else None
        if top is None or top.kind != "quote" or top.filled:
            return line.body
        alert = starts.alert(line.body)
        if alert is None:
            return line.body
        top.mark, body = alert
        self._fill()
        self._out.append(says.Alert(self._where(), top.mark))
        return body

    def _more_text(self, leaf: ParagraphLeaf, text: str) -> None:
        leaf.add(LinePart(text) if self._cut else text)
        if leaf.size > PIECE and (leaf.size > MOST or leaf.balanced()):
            self._say_piece(leaf)

    def _takes_rest(self, text: str) -> bool:
        """Let the open leaf have the rest of a long line, if the line is its own."""
        match self._leaf:
            case RawLeaf() as leaf:
                self._out += leaf.say(text, more=self._cut)
            case ParagraphLeaf() as leaf:
                self._more_text(leaf, text)
            case _:
                return False
        return True

    def _leaf_takes(self, line: SourceLine) -> bool:
        """Let the open leaf have the line, if it takes it whatever it looks like."""
        match self._leaf:
            case RawLeaf() as leaf:
                events, fate = leaf.take(line, more=self._cut)
                self._out += events
                if fate != "open":
                    self._blank = leaf.blanks > 0
                    self._leaf = None
                return fate != "left"
            case ParagraphLeaf() | TableLeaf() if line.blank:
                self._close_leaf()
                self._blank = True
                return True
            case _:
                return False
