"""The form of a reply: `--schema` and `/schema`, `--choose` and `/choose`.

`door` is the flag or the command that asks, as it is written.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from chatrepl.api.json_schema import read_schema, sendable, violation
from chatrepl.core.errors import SAFE, ConfigError, UsageError
from chatrepl.core.exchange.form import Form
from chatrepl.core.foreign_json import exactly
from chatrepl.core.rows import Column, object_schema, parse_columns, rows_schema

MOST_SCHEMA_BYTES: Final = 1_000_000
_WORDS: Final = re.compile(r"[,:\s]")  # there are some, and no name of a file


def schema_form(text: str, door: str, read: Callable[[str, int], str]) -> Form:
    """Make the form of a JSON schema: the JSON itself, a file that holds it, or a few words.

    `read` gives the text of a file of so many bytes at most. Raises UsageError.
    """
    if text.lstrip().startswith("{"):
        schema = read_schema(text, door)
    elif text.strip():
        schema = _named_schema(text, door, read)
    else:
        raise UsageError(f"{door} takes a file, a JSON Schema, or 'name, age int'.", SAFE)
    return Form(sendable(schema), whole=schema)


def _named_schema(text: str, door: str, read: Callable[[str, int], str]) -> dict[str, Any]:
    """Read the schema in a file, or the fields in a few words where that is no file."""
    try:
        content = read(text, MOST_SCHEMA_BYTES)
    except ConfigError as error:
        if _WORDS.search(text.strip()) and not text.rstrip().endswith(".json"):
            return object_schema(parse_columns(text, door))
        raise UsageError(f"{door} {error.message}", SAFE) from None
    return read_schema(content, text)


def rows_form(columns: Sequence[Column]) -> Form:
    """Make the form of rows with these columns."""
    schema = rows_schema(columns)
    return Form(sendable(schema), whole=schema)


def choice_form(words: Sequence[str], door: str) -> Form:
    """Make the form of one of a few choices; a single word is a JSON list, or parted at its commas.

    Raises UsageError for fewer than two.
    """
    parts = _listed(words[0]) if len(words) == 1 else words
    choices = tuple(dict.fromkeys(filter(None, (part.strip(", ") for part in parts))))
    if len(choices) < 2:
        raise UsageError(f"{door} takes at least two choices: {door} yes,no", SAFE)
    return Form.choose(choices)


def _listed(text: str) -> list[str]:
    with suppress(ValueError):
        choices = exactly(text)
        if isinstance(choices, list) and all(isinstance(choice, str) for choice in choices):
            return choices
    return text.split(",")


def check_of(form: Form | None) -> Callable[[Any], str | None] | None:
    """Give what says where a reply's value departs from the whole schema, if there is one."""
    whole = form.whole if form is not None else None
    return None if whole is None else lambda value: violation(whole, value)
