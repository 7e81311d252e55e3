"""How answers are judged and written, as the command line asks: those of a shot, and of many items.

Loaded where answers are rows, or many.
"""

from typing import TYPE_CHECKING, Final, TextIO

from chatrepl.cli.message import check_of, columns_of
from chatrepl.cli.options import Options
from chatrepl.core.result import Wanted
from chatrepl.session.session import Session
from chatrepl.shells.sinks import ObjectSink, RowSink, RowWriter, Safe, TextSink, Write
from chatrepl.terminal.sanitize.text import display, pipe

if TYPE_CHECKING:  # what rows of a shot do without
    from chatrepl.shells.each import Sink

SOME_FAILED: Final = 9


def wanted_of(options: Options, session: Session) -> Wanted:
    """Give what an answer must be, to be one."""
    form = session.next.form
    return Wanted(form, options.extract, check_of(options, form))


def sink_of(options: Options, out: TextIO, write: Write, *, cite: bool) -> "Sink":
    """Make what writes the answers about items."""
    on_screen = options.out_file is None and out.isatty()
    if options.rows is not None:
        return RowSink(row_writer(options, write, on_screen=on_screen), options.with_input)
    if options.manner == "jsonl":
        return ObjectSink(write)
    return TextSink(write, _safe(options, on_screen=on_screen), cite)


def row_writer(options: Options, write: Write, *, on_screen: bool) -> RowWriter:
    """Make what writes the rows of an answer."""
    safe = _safe(options, on_screen=on_screen)
    return RowWriter(write, columns_of(options), options.manner == "jsonl", safe)


def _safe(options: Options, *, on_screen: bool) -> Safe:
    return display if on_screen else (str if options.raw else pipe)
