"""Draw the pictures of the documents: what the real program shows on a real terminal.

    python -m tests.pictures

Each is an SVG that any viewer draws alike: every run of text is told how wide it is, and names
fonts that there are. `test_pictures.py` runs the program anew and compares.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyte
from wcwidth import wcswidth

from tests.e2e.emulator import Screen
from tests.e2e.terminal import DONE, Terminal

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".readme"
_WIDTH, _HEIGHT, _SIZE, _MARGIN = 8.4, 19, 14, 14
_FONTS = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
_INK, _PAPER = "#d8d8de", "#16161a"
_COLOURS = {
    "black": "#2a2a30", "red": "#e5787a", "green": "#8fc58a", "brown": "#d9b86c",
    "blue": "#7ba7e8", "magenta": "#c79be0", "cyan": "#6fc5cf", "white": "#d8d8de",
    "brightblack": "#7d7d88", "brightred": "#ff9a9a", "brightgreen": "#b0e3a8",
    "brightbrown": "#f2d594", "brightblue": "#a3c5fa", "brightmagenta": "#e0bdf5",
    "brightcyan": "#97e3ea", "brightwhite": "#ffffff",
}  # fmt: skip
PROMPT = r"^›$"
_TIMES = re.compile(r"\d+\.\d s\b")  # the one thing that differs from run to run
_KEYS = re.compile(rb"\x1b\[[<>=][\d;]*u")


class _Inked(Screen):
    """A screen that also knows what is dim; blinking, which nobody does here, stands for it."""

    def select_graphic_rendition(self, *attributes: int, **more: Any) -> None:
        rest, mapped = list(attributes), list[int]()
        while rest:
            number = rest.pop(0)
            if number in {38, 48}:
                length = 4 if rest[:1] == [2] else 2
                mapped += [number, *rest[:length]]
                del rest[:length]
            else:
                mapped += {2: [5], 22: [22, 25]}.get(number, [number])
        super().select_graphic_rendition(*mapped, **more)


def chat(terminal: Terminal) -> None:
    """A question, its answer, and the next one that is about to be asked."""
    terminal.wait_for("› Ask anything")
    terminal.send("Show me a table of prefill modes.").keys("enter")
    terminal.wait_for(DONE)
    terminal.wait_for(PROMPT, visible=True)
    terminal.settle()


def helped(terminal: Terminal) -> None:
    """The first screen of help."""
    terminal.wait_for("› Ask anything")
    terminal.send("/help").keys("enter")
    terminal.wait_for("/help all lists")
    terminal.wait_for(PROMPT, visible=True)
    terminal.settle()


def context(terminal: Terminal) -> None:
    """What is sent, and what it costs."""
    terminal.wait_for("› Ask anything")
    for count, words in enumerate(("My name is Ada.", "A prime sieve in Python."), 1):
        terminal.send(words).keys("enter")
        terminal.wait_count(DONE, count)
        terminal.wait_for(PROMPT, visible=True)
    terminal.send("/context").keys("enter")
    terminal.wait_for("next turn|budget")
    terminal.wait_for(PROMPT, visible=True)
    terminal.settle()


PICTURES: Mapping[str, Callable[[Terminal], None]] = {
    "chat": chat,
    "help": helped,
    "context": context,
}


def drawn(name: str, columns: int = 84, rows: int = 40) -> str:
    """Run the program and draw what it shows."""
    with tempfile.TemporaryDirectory() as home:
        env = {
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_STATE_HOME": home,
            "XDG_CACHE_HOME": home,
        }
        argv = [sys.executable, "-P", "-m", "chatrepl", "--demo"]
        env |= {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
        with Terminal(argv, columns=columns, rows=rows, env=env, cwd=Path(home)) as terminal:
            PICTURES[name](terminal)
            raw = bytes(terminal.raw)
    screen = _Inked(columns, rows, lambda _answer: None)
    pyte.ByteStream(screen).feed(_KEYS.sub(b"", raw))
    return _svg(name, screen)


def _svg(name: str, screen: Screen) -> str:
    lines = [line.rstrip() for line in screen.display]
    count = max((number for number, line in enumerate(lines, 1) if line), default=1)
    width = screen.columns * _WIDTH + 2 * _MARGIN
    height = count * _HEIGHT + 2 * _MARGIN
    body = [shape for row in range(count) for shape in _row(screen, row)]
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" \
height="{height:g}" role="img" aria-label="chatrepl: {name}">
<rect width="100%" height="100%" rx="8" fill="{_PAPER}"/>
<g font-family="{_FONTS}" font-size="{_SIZE}" xml:space="preserve">
{"".join(body)}</g>
</svg>
"""


def _row(screen: Screen, row: int) -> Iterator[str]:
    """Draw the runs of one look in a row; blanks only where they have a ground of their own."""
    line = screen.buffer[row]
    written = "".join(line[x].data or "\0" for x in range(screen.columns))
    steady = _TIMES.sub(lambda match: "2.4 s".rjust(len(match[0])), written)
    cells = [(x, steady[x] if len(written) == screen.columns else line[x].data, line[x])
             for x in range(screen.columns)]  # fmt: skip
    for look, run in groupby(cells, lambda cell: _look(cell[2])):
        listed = list(run)
        text = "".join(data for _, data, _ in listed).replace("\0", "")
        yield from _shapes(look, text, listed[0][0], row)


def _shapes(look: tuple[str, str, str], text: str, column: int, row: int) -> Iterator[str]:
    ink, paper, more = look
    x, y = _MARGIN + column * _WIDTH, _MARGIN + row * _HEIGHT
    cells = max(wcswidth(text), len(text) if wcswidth(text) < 0 else 0)
    if paper:
        yield (
            f'<rect x="{x:g}" y="{y:g}" width="{cells * _WIDTH:g}" height="{_HEIGHT}" '
            f'fill="{paper}"/>\n'
        )
    bare = text.strip(" ")
    if not bare:
        return
    x += (len(text) - len(text.lstrip(" "))) * _WIDTH
    width = wcswidth(bare) * _WIDTH
    yield (
        f'<text x="{x:g}" y="{y + _SIZE:g}" textLength="{width:g}" '
        f'lengthAdjust="spacingAndGlyphs" fill="{ink}"{more}>{escape(bare)}</text>\n'
    )


def _look(cell: Any) -> tuple[str, str, str]:
    ink, paper = _colour(cell.fg, _INK), _colour(cell.bg, "")
    if cell.reverse:
        ink, paper = paper or _PAPER, ink
    more = ' font-weight="bold"' if cell.bold else ""
    more += ' font-style="italic"' if cell.italics else ""
    lines = ("underline" * cell.underscore, "line-through" * cell.strikethrough)
    more += f' text-decoration="{" ".join(filter(None, lines))}"' if any(lines) else ""
    more += ' fill-opacity="0.6"' if cell.blink else ""
    return ink, paper, more


def _colour(name: str, default: str) -> str:
    return default if name == "default" else _COLOURS.get(name, f"#{name}")


def main() -> None:
    """Draw them all."""
    FOLDER.mkdir(exist_ok=True)
    for name in PICTURES:
        (FOLDER / f"{name}.svg").write_text(drawn(name), encoding="utf-8")


if __name__ == "__main__":
    main()
