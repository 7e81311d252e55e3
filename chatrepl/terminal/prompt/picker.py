"""One of many, chosen on the screen: type to narrow down, arrows, Enter; rename and delete.

What is drawn is read, and no more, until what is typed matches too little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, VSplit, Window
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.styles import BaseStyle

from chatrepl.core.errors import ChatreplError
from chatrepl.core.outcome import Pick, PickRow
from chatrepl.terminal.columns import lay_out
from chatrepl.terminal.prompt.line_editor import fit
from chatrepl.terminal.prompt.renderer import open_renderer
from chatrepl.terminal.prompt.values import ToolbarPart, whole_characters
from chatrepl.terminal.sanitize.text import one_line

_MOST_ROWS: Final = 15
_ROWS_BESIDE: Final = 3  # the line that is typed, the last row, and one to spare
_LONGEST: Final = 200
_WIDE: Final = 60  # columns for all facts; below that the last gives way to the title
_KEYS: Final = ("Esc leaves", "Ctrl-R renames", "Ctrl-X deletes")


def matching(rows: Sequence[PickRow], query: str) -> Iterator[int]:
    """Give the places of the rows that match: whose words hold all that is typed come first.

    After them those that hold its letters in that order, with others between them.
    """
    words = query.casefold().split()
    weak = []
    for place in range(len(rows)):
        row = rows[place] if words else None
        title = "" if row is None else row.title.casefold()
        text = title if row is None else f"{title} {row.id}"
        if all(word in text for word in words):
            yield place
        elif all(_runs_through(word, title) for word in words):
            weak.append(place)
    yield from weak


def _runs_through(word: str, text: str) -> bool:
    letters = iter(text)
    return all(letter in letters for letter in word)


@dataclass(slots=True)
class Choice:
    """Which rows match, which of them is chosen, and which are in the window."""

    rows: Sequence[PickRow]
    query: str = ""
    at: int = 0
    top: int = 0
    gone: set[int] = field(default_factory=set)
    _places: list[int] = field(default_factory=list)
    _more: Iterator[int] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        self.narrow(self.query)

    def narrow(self, query: str) -> None:
        """Show what matches."""
        self.query, self.at, self.top, self._places = query, 0, 0, []
        self._more = matching(self.rows, query)

    def move(self, by: int) -> None:
        """Choose another row, as far as there are some."""
        self.at = max(0, min(self.at + by, self._count(self.at + by + 1) - 1))

    def window(self, height: int) -> list[PickRow]:
        """Give the rows to show, the chosen one among them."""
        self.top = max(self.at - height + 1, min(self.top, self.at))
        self.top = max(0, min(self.top, self._count(self.top + height) - height))
        return [self.rows[place] for place in self._places[self.top : self.top + height]]

    @property
    def chosen(self) -> PickRow | None:
        """The row that Enter takes."""
        return self.rows[self._places[self.at]] if self._count(self.at + 1) > self.at else None

    def drop(self) -> None:
        """Take the chosen row out."""
        self.gone.add(self._places.pop(self.at))
        self.move(0)

    def _count(self, wanted: int) -> int:
        """Find as many as are wanted, if there are so many; tell how many are found."""
        fresh = (place for place in self._more if place not in self.gone)
        self._places += islice(fresh, max(0, wanted - len(self._places)))
        return len(self._places)


class Picker:
    """The list on the screen, and its keys; `mark` stands before what is typed."""

    def __init__(self, asked: Pick, mark: str) -> None:
        self._asked = asked
        self._mark = mark
        self._choice = Choice(asked.rows)
        self._saying = ""
        self._deleting = self._renaming = False
        self._line = Buffer(multiline=False, on_text_changed=self._typed)

    def application(self, style: BaseStyle) -> Application[str]:
        """Make what is run: it gives an id, or nothing where the user leaves."""
        mark = FormattedTextControl(lambda: "name: " if self._renaming else self._mark)
        line = VSplit(
            [
                Window(mark, dont_extend_width=True, height=1),
                Window(BufferControl(self._line), height=1),
            ]
        )
        rows = Window(FormattedTextControl(self._drawn), dont_extend_height=True, wrap_lines=False)
        last = Window(FormattedTextControl(self._last), height=1)
        app: Application[str] = Application(
            Layout(HSplit([line, rows, last])),
            key_bindings=self._keys(),
            style=style,
            erase_when_done=True,
            include_default_pygments_style=False,
        )
        renderer = open_renderer(app.renderer.style, app.output)
        renderer.marks, renderer.cpr_not_supported_callback = False, None
        app.renderer, app.ttimeoutlen, app.timeoutlen = renderer, 0.1, 0.1
        self._app = app
        return app

    def _typed(self, _buffer: Buffer) -> None:
        self._saying = ""
        if not self._renaming:
            self._choice.narrow(whole_characters(self._line.text)[:_LONGEST])

    def _size(self) -> tuple[int, int]:
        size = self._app.output.get_size()
        return max(1, min(_MOST_ROWS, size.rows - _ROWS_BESIDE)), size.columns

    def _drawn(self) -> StyleAndTextTuples:
        height, columns = self._size()
        rows = self._choice.window(height)
        most = 3 if columns >= _WIDE else 2
        cells = [[one_line(cell) for cell in (row.title, *row.facts)[: most + 1]] for row in rows]
        lines = lay_out(cells, columns - 2, right=frozenset(range(1, 9)))
        chosen, mark = self._choice.at - self._choice.top, self._mark[:1]
        drawn: StyleAndTextTuples = []
        for number, text in enumerate(lines):
            style = "class:candidate.current" if number == chosen else "class:candidate"
            end = "\n" if number + 1 < len(lines) else ""
            drawn.append((style, f"{mark if number == chosen else ' '} {text}{end}"))
        return drawn or [("class:candidate.meta", "  nothing matches")]

    def _last(self) -> StyleAndTextTuples:
        saying = self._saying
        if self._renaming:
            saying = saying or "Enter keeps the name · Esc leaves it as it was"
        keys = (f"Enter {self._asked.verb}", *_KEYS)
        parts = [ToolbarPart("toolbar", words, rank) for rank, words in enumerate(keys)]
        if saying:
            parts = [ToolbarPart("toolbar.strong", saying)]
        return [*fit(parts, self._size()[1], ascii_only=self._mark.isascii())]

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        self._bind_moves(keys)
        self._bind_changes(keys)
        asking = Condition(lambda: self._deleting)

        @keys.add("enter", filter=~asking)
        def _(event: KeyPressEvent) -> None:
            if self._renaming:
                self._rename()
            elif (row := self._choice.chosen) is not None:
                event.app.exit(result=row.id)

        @keys.add("escape", filter=~asking)
        @keys.add("c-c", filter=~asking)
        @keys.add("c-d", filter=~asking)
        @keys.add(Keys.SIGINT)
        def _(event: KeyPressEvent) -> None:
            if self._renaming:
                self._begin(self._choice.query, renaming=False)
            else:
                event.app.exit(result="")

        return keys

    def _bind_moves(self, keys: KeyBindings) -> None:
        steps = {"up": -1, "c-p": -1, "down": 1, "c-n": 1, "pageup": -10, "pagedown": 10}

        def bind(key: str, by: int) -> None:
            @keys.add(key, filter=Condition(lambda: not self._deleting and not self._renaming))
            def _(_event: KeyPressEvent) -> None:
                self._choice.move(by)

        for key, by in steps.items():
            bind(key, by)

    def _bind_changes(self, keys: KeyBindings) -> None:
        asking = Condition(lambda: self._deleting)
        choosing = Condition(lambda: not self._deleting and not self._renaming)
        has_row = Condition(lambda: self._choice.chosen is not None)

        @keys.add("c-r", filter=choosing & has_row)
        def _(_event: KeyPressEvent) -> None:
            if (row := self._choice.chosen) is not None:
                self._begin(row.title, renaming=True)

        @keys.add("c-x", filter=choosing & has_row, eager=True)
        @keys.add("delete", filter=choosing & has_row)
        def _(_event: KeyPressEvent) -> None:
            if (row := self._choice.chosen) is not None:
                name = one_line(row.title, 40)
                self._saying = f"Delete {name} for good? [y] delete  [N] keep"
                self._deleting = True

        @keys.add(Keys.Any, filter=asking, eager=True)
        @keys.add("enter", filter=asking)
        @keys.add("escape", filter=asking)
        @keys.add("c-c", filter=asking)
        @keys.add("c-d", filter=asking)
        def _(event: KeyPressEvent) -> None:
            self._deleting, self._saying = False, "Kept."
            if event.data in {"y", "Y"}:
                self._delete()

    def _begin(self, text: str, *, renaming: bool) -> None:
        """Let something else be typed: a name, or what narrows down."""
        at, top = self._choice.at, self._choice.top
        self._renaming = True  # the list stays as it is
        self._line.text = text
        self._line.cursor_position = len(text)
        self._renaming, self._choice.at, self._choice.top = renaming, at, top

    def _rename(self) -> None:
        row, name = self._choice.chosen, whole_characters(self._line.text)
        if row is None:
            return
        try:
            said = self._asked.rename(row.id, name)
        except ChatreplError as error:
            self._saying = error.message
        else:
            self._begin(self._choice.query, renaming=False)
            self._saying = said

    def _delete(self) -> None:
        row = self._choice.chosen
        if row is None:
            return
        try:
            self._saying = self._asked.delete(row.id)
        except ChatreplError as error:
            self._saying = error.message
        else:
            self._choice.drop()
