"""A Markdown text on a rich console."""

import io

from rich.console import Console

from chatrepl.terminal.markdown.document import Markdown


def test_a_console_prints_markdown() -> None:
    out = io.StringIO()
    Console(file=out, width=20).print(Markdown("# a\n\n- some longer text that wraps"))
    assert out.getvalue() == "a\n\n• some longer text\n  that wraps\n"
