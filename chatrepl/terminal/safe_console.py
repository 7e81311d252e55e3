"""A rich console that cannot be driven from outside: what it writes was made safe.

Our own control codes travel in `Segment.control` and our styles in `Segment.style`; a control
character in a segment's text is therefore foreign. This also catches what only appears on the way,
such as entities that Markdown decodes. Importing this module imports rich.
"""

import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import Any, TextIO, cast

from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.theme import Theme

from chatrepl.core.characters import plain
from chatrepl.terminal.console import (
    Appearance,
    color_system,
    is_dumb,
    is_terminal,
    wants_color,
)
from chatrepl.terminal.sanitize.text import display
from chatrepl.terminal.sanitize.text import self_test as sanitizer_self_test

_SGR = re.compile(r"\x1b\[[\d;]*m")


class SafeConsole(Console):
    """A console without markup, emoji codes, highlighting and links; it takes rich's keywords."""

    def __init__(self, theme: Theme | None = None, **keywords: Any) -> None:
        self._tints = theme or Theme()  # of all threads
        super().__init__(
            theme=self._tints,
            **keywords,
            force_jupyter=False,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def wear(self, appearance: Appearance) -> None:
        """Look so from now on."""
        stream = cast("TextIO", self.file)
        system = color_system(stream, appearance)
        self._color_system = COLOR_SYSTEMS[system] if system else None
        self.no_color = not wants_color(stream, appearance)
        styles = {name: tint.for_rich() for name, tint in appearance.theme.items()}
        self._tints.styles.update(Theme(styles, inherit=False).styles)

    @property
    def is_dumb_terminal(self) -> bool:
        """No: what it cannot do is left out by us, and rich would take it for 80 cells wide."""
        return False

    # The two methods below are rich's own, and the only place where all text passes before it is
    # written. `self_test` refuses to start where rich goes another way.

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        return super()._render_buffer(self._safe(list(buffer)))

    def _write_buffer(self) -> None:
        try:
            super()._write_buffer()
        except BaseException:
            del self._buffer[:]  # else the same text fails again at each later print
            raise

    def _safe(self, segments: list[Segment]) -> Iterator[Segment]:
        texts = ["" if segment.control else segment.text for segment in segments]
        around = pairwise(chain([""], texts, [""]))
        following = chain(texts[1:], [""])
        for segment, (before, text), after in zip(segments, around, following, strict=False):
            if segment.control or plain().fullmatch(text):
                safe = segment.text
            else:
                safe = _shown_between(before[-1:], text, after[:1])
            style = segment.style
            if style and style.link:
                style = style.update_link(None)
            yield Segment(safe, style, segment.control)


def _shown_between(before: str, text: str, after: str) -> str:
    """Make a segment's text safe; its neighbours decide whether a joiner at its edge belongs."""
    whole = display(before + text + after)
    if display(before) == before and whole.startswith(before) and whole.endswith(after):
        return whole[len(before) : len(whole) - len(after)]
    return display(text)


def self_test() -> None:
    """Raise `RuntimeError` unless rich really lets every text through our hands."""
    sanitizer_self_test()
    stream = io.StringIO()
    console = SafeConsole(
        file=stream,
        force_terminal=True,
        force_interactive=True,
        color_system="truecolor",
        width=80,
    )
    style = Style(bold=True, link="http://x/\x1b]0;x\x07")
    console.print(
        Segments([Segment("a\x1b[2Jb\x9b\u202e", style), Segment("\x07")]), "c\x1bd", end=""
    )
    if _SGR.sub("", stream.getvalue()) != "a^[[2Jb<U+009B><U+202E>^Gc^[d":
        raise RuntimeError("text from outside cannot be shown safely with this version of rich")


def open_console(stream: TextIO, appearance: Appearance) -> SafeConsole:
    """Build a console on a stream, which from then on never fails to encode.

    Raises RuntimeError where text could not be shown safely.
    """
    self_test()
    _never_fail_to_encode(stream)
    console = SafeConsole(
        file=stream,
        force_terminal=is_terminal(stream),
        force_interactive=is_terminal(stream) and not is_dumb(appearance.environ),
    )
    console.wear(appearance)
    return console


def _never_fail_to_encode(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and getattr(stream, "errors", "") != "backslashreplace":
        reconfigure(errors="backslashreplace")
