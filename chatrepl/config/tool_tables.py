"""`[tools.NAME]` and `[mcp.NAME]`: programs and servers that are tools, read and checked.

To add a key, add a field to `ToolProgram` or `McpServer`, and a row to `KEYS`. No message
repeats what stands in a table: it may be secret.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import field
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, TypeAlias
from urllib.parse import urlsplit

from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.foreign_json import Decoded, decode, tame
from chatrepl.core.json_schema import schema_fault
from chatrepl.core.rows import object_schema, parse_columns
from chatrepl.core.setting_values import shown
from chatrepl.core.settings import OPTIONS, nearest
from chatrepl.core.tools import (
    FIELD_NAME,
    NOT_AT_THE_TOP,
    SERVICE_TOOLS,
    TOOL_NAME,
    McpServer,
    ToolProgram,
)
from chatrepl.core.value import frozen

TablePlace: TypeAlias = tuple[str, ...]
Reader: TypeAlias = Callable[[Any, Path], Any]

_LONGEST_S: Final = 86_400
_API_KEYS: Final = frozenset(
    "ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_CUSTOM_HEADERS".split()
)
# What these are called elsewhere.
_ELSEWHERE: Final = {
    "cmd": "command", "cwd": "folder", "env": "environment", "input_schema": "schema",
    "parameters": "schema", "timeout": "deadline", "token": "token_command",
    "authorization_token": "token_command", "api_key": "token_command", "headers": "token_command",
}  # fmt: skip


class TableFile(Protocol):
    """The file that is read: what stands where, and what says where something is wrong."""

    def line(self, keys: TablePlace) -> int:
        """Give the line of a table or key."""

    def fail(self, keys: TablePlace, message: str) -> NoReturn:
        """Raise ConfigError with the place of a key."""


@frozen
class ToolTables:
    """Programs and servers by name; `lines` tells where each stands, by its dotted name."""

    programs: Mapping[str, ToolProgram] = field(default_factory=dict)
    servers: Mapping[str, McpServer] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)


def take_tables(
    table: MutableMapping[str, Any], at: TablePlace, folder: Path, file: TableFile
) -> ToolTables:
    """Take the tables of tools out of a table that stands at `at` in a file of `folder`.

    What stands in [tools] and is no table is a setting, and stays. Raises ConfigError.
    """
    tools, mcp = table.get("tools", {}), table.pop("mcp", {})
    for kind, tables in (("tools", tools), ("mcp", mcp)):
        if not isinstance(tables, dict):
            file.fail((*at, kind), f"{kind} is a table of tables, such as [{kind}.files].")
    is_table = {name: isinstance(content, dict) for name, content in tools.items()}
    names = [name for name in is_table if is_table[name] and f"tools.{name}" not in OPTIONS]
    programs = {
        name: _Entry(("tools", name), at, folder, file).program(tools.pop(name)) for name in names
    }
    servers = {
        name: _Entry(("mcp", name), at, folder, file).server(content)
        for name, content in mcp.items()
    }
    places = [*(("tools", name) for name in programs), *(("mcp", name) for name in servers)]
    lines = {".".join(place): file.line((*at, *place)) for place in places}
    return ToolTables(programs, servers, lines)


def check_schemas(programs: Iterable[ToolProgram], origins: Mapping[str, str]) -> None:
    """Raise ConfigError where the schema of a program is none; this takes a while."""
    for program in programs:
        key = f"tools.{program.name}"
        if fault := schema_fault(program.schema, f"{key}.schema"):
            raise ConfigError(f"{origins.get(key, key)}: {fault}")


@frozen
class _Entry:
    """One table: `name` is its own, in what stands at `at`."""

    name: TablePlace
    at: TablePlace
    folder: Path
    file: TableFile

    def program(self, table: Mapping[str, Any]) -> ToolProgram:
        name = self.name[1]
        if name in SERVICE_TOOLS:
            self.fail((), f"{name} is a tool of the service. Give yours another name.")
        values = self.values(table)
        if "command" not in values:
            self.fail((), f"{self.key}.command is missing: the program to run.")
        return ToolProgram(name, **{"description": "", **values})

    def server(self, table: Any) -> McpServer:
        if not isinstance(table, dict):
            self.fail((), f"A server is a table: write [{self.key}].")
        values = self.values(table)
        args = values.pop("args", ())
        if ("command" in values) == ("url" in values):
            self.fail((), f"[{self.key}] takes a command or a url, one of them.")
        for key in ("args", "folder", "environment") if "url" in values else ("token_command",):
            if key in table:
                self.fail((key,), f"{self.key}.{key} does not go with {_other(values)}.")
        if values.get("connect") == "service" and "url" not in values:
            self.fail(("connect",), f"{self.key}: the service connects to a url only.")
        if values.get("connect") == "service":
            from chatrepl.core.exchange.connector import unreachable  # seldom needed

            if why := unreachable(values["url"]):
                self.fail(("url",), f"{self.key}.url: {why}")
        if args:
            values["command"] += args
        return McpServer(self.name[1], **values)

    @property
    def key(self) -> str:
        return ".".join(self.name)

    def values(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Read each key of the table into the field of its name."""
        rows = KEYS[self.name[0]]
        if re.fullmatch(TOOL_NAME, self.name[1]) is None:
            name = shown(self.name[1])
            self.fail((), f"'{name}' is no name: letters, digits, _ and -, at most 64 of them.")
        values = {}
        for key, value in table.items():
            if key not in rows:
                near = _ELSEWHERE.get(key) or nearest(key, rows)
                hint = f"Did you mean {near}?" if near in rows else f"There are {', '.join(rows)}."
                self.fail((key,), f"There is no key {self.key}.{shown(key)}. {hint}")
            try:
                values[_FIELDS.get(key, key)] = rows[key](value, self.folder)
            except (ConfigError, UsageError) as error:
                self.fail((key,), f"{self.key}.{key} {error.message}")
        return values

    def fail(self, keys: TablePlace, message: str) -> NoReturn:
        self.file.fail((*self.at, *self.name, *keys), message)


def _other(values: Mapping[str, Any]) -> str:
    return "a url" if "url" in values else "a command"


def _command(value: Any, folder: Path) -> tuple[str, ...]:
    """Read a command: `~/` is the home folder, and the program may stand beside the file."""
    words = _split(value) if isinstance(value, str) else value
    if not _are_words(words) or not words or not words[0].strip():
        raise ConfigError("takes a list of words, or a text that is split into words.")
    program, *rest = map(_home, words)
    if "/" in program:
        program = str(folder / program)
    return (program, *rest)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise ConfigError("has a quotation mark without an end.") from None


def _words(value: Any, _folder: Path) -> tuple[str, ...]:
    if not _are_words(value):
        raise ConfigError("takes a list of texts.")
    return tuple(map(_home, value))


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(word, str) and "\0" not in word for word in value
    )


def _home(word: str) -> str:
    if not word.startswith("~/"):
        return word
    try:
        return str(Path(word).expanduser())
    except RuntimeError:
        raise ConfigError("names a home folder, and there is none.") from None


def _text(value: Any, _folder: Path) -> str:
    if not isinstance(value, str):
        raise ConfigError("takes a text.")
    return value.strip()


def _place(value: Any, folder: Path) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ConfigError("takes the name of a folder.")
    return str(folder / _home(value if value != "~" else "~/"))


def _variables(value: Any, _folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(name, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in value
    ):
        raise ConfigError("takes a list of names of variables, without their values.")
    if own := _API_KEYS.intersection(value):
        raise ConfigError(f"cannot hold {min(own)}: no tool is given the key of the service.")
    return tuple(value)


def _names(value: Any, _folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise ConfigError("takes a list of names.")
    return tuple(value)


def _seconds(value: Any, _folder: Path) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= _LONGEST_S:
        raise ConfigError(f"takes a number of seconds, at most {_LONGEST_S:,}.")
    return float(value)


def _one_of(*choices: str) -> Reader:
    def read(value: Any, _folder: Path) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ConfigError(f"takes one of {', '.join(choices)}.")
        return value

    return read


def _url(value: Any, _folder: Path) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
        is_one = is_one and (parts.port or 1) > 0 and re.search(r"[\s\x00-\x1f]", value) is None
    except ValueError:
        is_one = False
    if not is_one:
        raise ConfigError("takes an address such as https://example.com/mcp, without a login.")
    return str(value)


def _schema(value: Any, _folder: Path) -> Mapping[str, Any]:
    """Read a schema: a table, JSON in a text, or a few words such as 'path, lines int'."""
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        try:
            columns = parse_columns(value, "")
        except UsageError as error:
            raise ConfigError(f"is no schema. {error.message.strip(' :')}") from None
        needed = [column.name for column in columns if not column.may_lack]
        return _of_an_input({**object_schema(columns), "required": needed})
    if not isinstance(value, str | dict):
        raise ConfigError("takes a JSON schema, or fields such as 'path, lines int'.")
    try:
        decoded: Decoded = decode(value) if isinstance(value, str) else tame(value)
    except ValueError as error:
        raise ConfigError(f"is not valid JSON: {error}.") from None
    if decoded.left_out:
        raise ConfigError("holds a number beyond all measure, a date, or too much nesting.")
    return _of_an_input(decoded.value)


def _of_an_input(schema: dict[str, Any]) -> dict[str, Any]:
    """Hold a schema against what the service takes for the input of a tool."""
    kind, properties = schema.get("type", "object"), schema.get("properties", {})
    if kind != "object" or NOT_AT_THE_TOP.intersection(schema):
        raise ConfigError('describes no object: its outermost type is "object".')
    for name in properties if isinstance(properties, dict) else ():
        if re.fullmatch(FIELD_NAME, name) is None:
            raise ConfigError(f"has the field '{shown(name)}': letters, digits, _ . and - only.")
    return {"type": "object", **schema}


_FIELDS: Final = {"deadline": "deadline_s"}
# How each key of a table is read.
KEYS: Final[Mapping[str, Mapping[str, Reader]]] = {
    "tools": {
        "command": _command,
        "description": _text,
        "schema": _schema,
        "approve": _one_of("never", "ask", "always"),
        "deadline": _seconds,
        "folder": _place,
        "environment": _variables,
    },
    "mcp": {
        "command": _command,
        "args": _words,
        "url": _url,
        "connect": _one_of("here", "service"),
        "token_command": _command,
        "approve": _one_of("never", "ask", "always"),
        "tools": _names,
        "deny": _names,
        "deadline": _seconds,
        "folder": _place,
        "environment": _variables,
    },
}
