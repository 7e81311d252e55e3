"""Foreign text as a part of a row: inert on every terminal, without tabs and line ends.

It is applied to what Markdown has decoded: an entity can spell a control character, too.
"""

from chatrepl.terminal.sanitize import display


def clean(text: str) -> str:
    """Make a text safe to stand within one row."""
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(4)
    return display(text).replace("\n", " ")
