"""`--help`: the options in groups, examples, and what an exit code means."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from chatrepl.cli.options import FLAGS

EXAMPLES: Final = (
    ("chatrepl", "A chat."),
    ('chatrepl "Why is the sky blue?"', "One answer."),
    ('git diff | chatrepl "Sum this up."', "A pipe, and what to do with it."),
    ('chatrepl -a photo.jpg "What is it?"', "With an image."),
    ('chatrepl -x py "A sieve." > sieve.py', "Only the code."),
    ('cat in | chatrepl --each "Who is {}?"', "Many, an answer a line."),
)
EXITS: Final = (
    ("0", "answered"),
    ("1", "the service failed, or the answer could not be written or saved"),
    ("2", "usage, a bad file, a bad configuration"),
    ("3", "no credentials, or refused ones"),
    ("4", "overloaded, rate limited or out of reach after all retries"),
    ("5", "the input is too large, or costs more than a budget allows"),
    ("6", "cut at its length limit where a whole answer was asked for"),
    ("7", "refused, or empty"),
    ("8", "not in the form that was asked for"),
    ("9", "some of many failed"),
    ("70", "a bug in chatrepl"),
    ("130, 143", "Ctrl-C, SIGTERM"),
)
_MOST_COLUMNS: Final = 80
_LEAST_COLUMNS: Final = 24
_LEAST_ROOM: Final = 28


def help_page(columns: int) -> str:
    """Write the page for a terminal of that many columns."""
    width = max(_LEAST_COLUMNS, min(columns, _MOST_COLUMNS))
    groups = [
        (group, [(flag.usage, flag.about) for flag in flags])
        for group, flags in groupby(FLAGS.values(), lambda flag: flag.group)
    ]
    parts = [
        *_wrapped("Usage: chatrepl [OPTIONS] [PROMPT]...", width),
        "",
        *_wrapped("Chat with Claude in the terminal, or ask one question through a pipe.", width),
    ]
    for title, rows in (*groups, ("Examples", EXAMPLES), ("Exit codes", EXITS)):
        parts += ["", f"{title}:", *_table(rows, width)]
    return "\n".join(parts) + "\n"


def _table(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Put what explains a term beside it, or beneath where there is little room."""
    listed = list(rows)
    widest = max(len(term) for term, _ in listed)
    if width - widest < _LEAST_ROOM:
        for term, about in listed:
            yield from (f"  {term}", *_wrapped(about, width, " " * 6))
        return
    for term, about in listed:
        first, *more = _wrapped(about, width, " " * (widest + 4))
        yield from (f"  {term:<{widest}}{first[widest + 2 :]}", *more)


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
