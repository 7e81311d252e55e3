"""The form of the reply that the command line asks for: `--schema` and `--choose`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from chatrepl.cli.options import Options
from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.exchange.form import Form

_MOST_BYTES: Final = 1_000_000
_SAFE: Final = "Nothing was sent."


def form_of(options: Options) -> Form | None:
    """Give the form that is asked for, if one is. Raises UsageError."""
    if options.choose is not None:
        return _choices(options.choose)
    if options.schema is None:
        return None
    from chatrepl.api.json_schema import read_schema, sendable

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
        from chatrepl.api.json_schema import violation

        return violation(whole, value)

    return check


def _choices(text: str) -> Form:
    choices = tuple(dict.fromkeys(choice.strip() for choice in text.split(",") if choice.strip()))
    if len(choices) < 2:
        raise UsageError("--choose takes at least two choices: --choose yes,no", _SAFE)
    return Form.choose(choices)


def _file(name: str) -> str:
    from chatrepl.config.file import decode, read_bytes

    if not name.strip():
        raise UsageError("--schema takes a file, or a JSON Schema as it stands.", _SAFE)
    try:
        return decode(read_bytes(Path(name).expanduser(), most=_MOST_BYTES)[0])
    except FileNotFoundError:
        problem = f"{name}: there is no such file."
    except UnicodeDecodeError:
        problem = f"{name}: this is not UTF-8 text."
    except RuntimeError:  # no home to expand ~ to
        problem = f"{name}: there is no such folder."
    except ConfigError as error:
        problem = error.message
    raise UsageError(problem, _SAFE)
