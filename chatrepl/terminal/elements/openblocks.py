"""What is open while lines come: the containers, the leaf, and what became certain.

The state of the block parser, and how it is closed; `blocks` has the rules for opening.
"""

import copy
from collections import ChainMap
from typing import TYPE_CHECKING, Self

from chatrepl.terminal.elements import starts
from chatrepl.terminal.elements.definitions import References, take_definitions
from chatrepl.terminal.elements.events import (
    CodeLine,
    Container,
    Definition,
    Empty,
    Event,
    HtmlLine,
    Kind,
    Paragraph,
    TableEnd,
    Where,
)
from chatrepl.terminal.elements.leaves import Fence, Html, Indented, Leaf, Table, Text
from chatrepl.terminal.elements.line import Line

if TYPE_CHECKING:
    from collections.abc import MutableMapping


class OpenBlocks:
    """The open containers, outermost first, and the open leaf."""

    def __init__(self) -> None:
        self.references: MutableMapping[str, References] = {}
        self._uid = 0
        self._stack: list[Container] = []
        self._leaf: Leaf | None = None
        self._blank = False
        self._out: list[Event] = []

    def copy(self) -> Self:
        """A parser in the same state that leaves this one as it is."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._stack = [copy.copy(container) for container in self._stack]
        other._leaf = copy.copy(self._leaf)
        other.references = ChainMap({}, self.references)
        other._out = []
        return other

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
                self._out.append(Empty(self._where()))
            self._stack.pop()

    def _push(self, kind: Kind, mark: str = "", *, width: int = 0, number: int = 0) -> None:
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

    def _code(self, leaf: Fence | Indented, text: str) -> None:
        self._out.extend(CodeLine("") for _ in range(leaf.blanks))
        leaf.blanks = 0
        self._out.append(CodeLine(text))

    def _html(self, line: Line) -> None:
        leaf = self._leaf
        if not isinstance(leaf, Html):
            return
        if line.blank:
            leaf.blanks += 1
            return
        self._out.extend(HtmlLine("") for _ in range(leaf.blanks))
        leaf.blanks = 0
        self._out.append(HtmlLine(line.raw))
        if starts.html_ends(line.body, leaf.kind):
            self._leaf = None

    def _say_piece(self, text: Text) -> None:
        """Say a long paragraph as far as it is certain: all but its last line."""
        self._define(text)
        if len(text.lines) > 1:
            last = text.lines[-1]
            text.drop_last()
            self._out.append(Paragraph(text.where, text.joined(), more=True))
            text.restart(last)

    def _define(self, text: Text) -> None:
        """Take link definitions off the start of a paragraph."""
        if text.said or not text.lines or text.lines[0][0] != "[":
            return
        found, text.lines = take_definitions(text.lines, self.references)
        where = text.where
        for definition in found:
            self._out.append(Definition(where, *definition))
            where = where._replace(blank=False)
        text.where = where

    def _close_leaf(self) -> None:
        leaf, self._leaf = self._leaf, None
        match leaf:
            case Text():
                self._define(leaf)
                if leaf.lines:
                    self._out.append(Paragraph(leaf.where, leaf.joined()))
            case Table():
                self._out.append(TableEnd())
            case Indented() | Fence() | Html():
                self._blank = leaf.blanks > 0
            case _:
                pass
