"""The form of the reply that the command line asks for: `--schema` and `--choose`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chatrepl.cli.options import Options
from chatrepl.core.errors import UsageError
from chatrepl.core.form import Form

_MOST_BYTES: Final = 1_000_000


def form_of(options: Options) -> Form | None:
    """Give the form that is asked for, if one is. Raises UsageError."""
    if options.choose is not None:
        return _choices(options.choose)
    if options.schema is None:
        return None
    from chatrepl.api.structured import read_schema, sendable

    inline = options.schema.lstrip().startswith("{")
    where = "--schema" if inline else options.schema
    schema = read_schema(options.schema if inline else _file(options.schema), where)
    return Form(sendable(schema), whole=schema)


def check_of(form: Form | None) -> Callable[[Any], str | None] | None:
    """Give what holds a reply's value against the whole schema."""
    whole = form.whole if form is not None else None
    if whole is None:
        return None

    def check(value: Any) -> str | None:
        from chatrepl.api.structured import violation

        return violation(whole, value)

    return check


def _choices(text: str) -> Form:
    choices = tuple(dict.fromkeys(choice.strip() for choice in text.split(",") if choice.strip()))
    if len(choices) < 2:
        raise UsageError(
            "--choose takes at least two choices: --choose yes,no", "Nothing was sent."
        )
    return Form.choose(choices)


def _file(name: str) -> str:
    try:
        with Path(name).expanduser().open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageError(f"{name}: a schema this large is not read.", "Nothing was sent.")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: this is not UTF-8 text.", "Nothing was sent.") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{name}: the schema cannot be read: {reason}.", "Nothing was sent."
        ) from None
