"""config.toml: read it safely, check every key, and say where each value stands.

On which line of a TOML text each key stands: the parser does not tell.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from chatrepl.config.toml_words import plain
from chatrepl.config.trust import Doubt, doubt
from chatrepl.core.errors import ConfigError
from chatrepl.core.setting_values import check
from chatrepl.core.settings import OPTIONS, has_section, option
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from chatrepl.config.tool_tables import ToolTables

Keys: TypeAlias = tuple[str, ...]

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_A_PART: Final = re.compile(_PART)
_DOTTED: Final = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER: Final = rf"\s*\[\[?\s*({_DOTTED})\s*\]"
_KEY: Final = rf"\s*({_DOTTED})\s*="
_TRIPLE: Final = r'"""|\'\'\''


def find_lines(text: str) -> dict[Keys, int]:
    """Map each table and key of a TOML text, as the parts of its name, to its line."""
    lines: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in _outside_long_strings(text):
        header = re.match(_HEADER, line)
        key = re.match(_KEY, line)
        if header is not None:
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key is not None:
            lines.setdefault(table + _parts(key[1]), number)
    return lines


def line_of(keys: Keys, lines: Mapping[Keys, int]) -> int:
    """Give the line of a key, or of the inline table that holds it; 0 if it is not found."""
    while keys and keys not in lines:
        keys = keys[:-1]
    return lines.get(keys, 0)


def _parts(dotted: str) -> Keys:
    return tuple(part.strip("\"'") for part in _A_PART.findall(dotted))


def _outside_long_strings(text: str) -> Iterator[tuple[int, str]]:
    """Leave out the lines that begin within a string of several lines."""
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not closing:
            yield number, line
        for quotes in re.findall(_TRIPLE, line):
            if not closing:
                closing = quotes
            elif quotes == closing:
                closing = ""


MAX_BYTES: Final = 65_536
KEY_HELP: Final = (
    "Keys belong into the variable ANTHROPIC_API_KEY, or set api_key_command to a command "
    "that prints one."
)
_KEY_LIKE: Final = r"(?i)(anthropic_)?(api_?key|auth_?token|token|key|secret|password)"
# Settings with which a file could send a key, or what is said, elsewhere, or run a program; and
# tables that may hold such.
_TRUSTED_ONLY: Final = ("allow_http", "api_key_command", "base_url", "headers")
_TOOL_TABLES: Final = frozenset({"mcp", "tools"})
_READING: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)


@frozen
class ConfigValue:
    """A value, and the line that it stands on."""

    value: Any
    line: int


@frozen
class ConfigFile:
    """What a file sets: by itself, and in each of its profiles.

    `tools` has tables of tools by profile; those of no profile have an empty name.
    """

    path: Path
    values: Mapping[str, ConfigValue] = field(default_factory=dict)
    profiles: Mapping[str, Mapping[str, ConfigValue]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tools: "Mapping[str, ToolTables]" = field(default_factory=dict)


def read_file(path: Path) -> ConfigFile:
    """Read and check a configuration file.

    Raises FileNotFoundError where there is none, ConfigError where it or a value of it is wrong.
    """
    return check_file(path, *read_bytes(path))


def check_file(path: Path, data: bytes, status: os.stat_result | None = None) -> ConfigFile:
    """Check what stands in a file, or is to stand there. Raises ConfigError with the place.

    `status` tells whose the file is; without it, that does not matter.
    """
    text = decoded(path, data)
    reader = _ConfigReader(path, find_lines(text))
    table = parsed(path, text)
    profiles = table.pop("profiles", {})
    if not isinstance(profiles, dict):
        reader.fail(("profiles",), "profiles is a table of tables, such as [profiles.work].")
    tools = reader.tools(table, ())
    values = reader.entries(table, ())
    named = {}
    for name, content in profiles.items():
        if not isinstance(content, dict):
            reader.fail(("profiles", name), f"A profile is a table: write [profiles.{name}].")
        tools |= reader.tools(content, ("profiles", name))
        named[name] = reader.entries(content, ("profiles", name))
    file = ConfigFile(path, values, named, tools=tools)
    why = doubt(path, status) if status is not None else None
    return file if why is None else _distrusted(file, why)


def read_bytes(path: Path, most: int = MAX_BYTES) -> tuple[bytes, os.stat_result]:
    """Read a regular file, and tell whose it is.

    Raises FileNotFoundError, also where a folder of its name is none, or ConfigError for what is
    no file, cannot be read or has more than `most` bytes.
    """
    try:
        descriptor = os.open(path, _READING)
    except FileNotFoundError:
        raise
    except NotADirectoryError as error:
        raise FileNotFoundError(*error.args) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: it cannot be read: {_reason(error)}.") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{path}: this is not a regular file.")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be read: {_reason(error)}.") from None
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise ConfigError(f"{path}: it is larger than {most // 1_000} kB.")
    return data, status


def read_text(name: str, most: int, folder: Path | None = None) -> str:
    """Read a text that a file holds, named from `folder` or from here. Raises ConfigError."""
    try:
        text = decode(read_bytes(Path(folder or "", Path(name).expanduser()), most)[0])
        if "\0" not in text:
            return text
        problem = "this is not text"
    except FileNotFoundError:
        problem = "there is no such file"
    except UnicodeDecodeError:
        problem = "this is not UTF-8 text"
    except (RuntimeError, ValueError):  # no home to expand ~ to, or no such name
        problem = "there is no such folder"
    raise ConfigError(f"{name}: {problem}.")


def decode(data: bytes) -> str:
    """Read UTF-8, with or without a byte order mark. Raises UnicodeDecodeError."""
    return data.decode("utf-8-sig")


@frozen
class _ConfigReader:
    path: Path
    lines: Mapping[Keys, int]

    def entries(self, table: Mapping[str, Any], at: Keys) -> dict[str, ConfigValue]:
        """Check all values of a table, and flatten the sections in it."""
        entries = {}
        for key, value in _flat(table, ""):
            line = line_of((*at, *key.split(".")), self.lines)
            try:
                opt = option(key)
                entries[opt.key] = ConfigValue(check(opt, value), line)
            except ConfigError as error:
                self._fail_at(line, _secret_hint(key) or f"{error.message} {error.hint}".rstrip())
        return entries

    def tools(self, table: dict[str, Any], at: Keys) -> "dict[str, ToolTables]":
        """Take the tables of tools out of a table; they are for the profile that is the last."""
        if _TOOL_TABLES.isdisjoint(table):
            return {}
        from chatrepl.config.tool_tables import take_tables  # seldom there

        name = at[-1] if at else ""
        tables = take_tables(table, at, self.path.absolute().parent, self)
        return {name: tables} if tables.lines else {}

    def line(self, keys: Keys) -> int:
        return line_of(keys, self.lines)

    def fail(self, keys: Keys, message: str) -> NoReturn:
        self._fail_at(self.line(keys), message)

    def _fail_at(self, line: int, message: str) -> NoReturn:
        raise ConfigError(f"{self.path}:{line}: {message}")


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = prefix + name
        is_section = has_section(key) or (bool(value) and key not in OPTIONS)
        if isinstance(value, dict) and is_section:
            yield from _flat(value, f"{key}.")
        else:
            yield key, value


def _secret_hint(key: str) -> str:
    return f"{key}: a key has no place in this file. {KEY_HELP}" if means_the_key(key) else ""


def means_the_key(key: str) -> bool:
    """Tell whether somebody took `key` for the setting that holds the API key."""
    return key not in OPTIONS and re.fullmatch(_KEY_LIKE, key) is not None


def decoded(path: Path, data: bytes) -> str:
    """Read the text of a file. Raises ConfigError, with the line, for what is none."""
    try:
        return decode(data).replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: this is not UTF-8 text.") from None


def parsed(path: Path, text: str) -> dict[str, Any]:
    """Read the TOML of a file. Raises ConfigError, with the line, for what is none."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = re.search(r" \(at line (\d+), column (\d+)\)$", message)
        where = f"{at[1]}:{at[2]}" if at else str(text.rstrip().count("\n") + 1)
        raise ConfigError(f"{path}:{where}: {plain(message)}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: tables or lists are nested too deeply.") from None
    except ValueError:  # Python reads whole numbers of at most a few thousand digits
        long = re.search(r"[0-9_]{4000}", text)
        line = text.count("\n", 0, long.start()) + 1 if long else 1
        raise ConfigError(f"{path}:{line}: a number is too long.") from None


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "its name is no file's name"


def _named_tools(file: ConfigFile) -> Iterable[str]:
    return file.tools[""].lines if "" in file.tools else ()


def _distrusted(file: ConfigFile, why: Doubt) -> ConfigFile:
    """Leave out what could send a key elsewhere, of a file that others have a hand in."""
    ignored = [key for key in _TRUSTED_ONLY if key in file.values]
    ignored += sorted({name.partition(".")[0] for name in _named_tools(file)})
    ignored += ["profiles"] if file.profiles else []
    if not ignored:
        return file
    values = {key: entry for key, entry in file.values.items() if key not in ignored}
    note = f"{file.path}: {', '.join(ignored)} ignored, since {why.reason}. {why.mend}"
    return ConfigFile(file.path, values, {name: {} for name in file.profiles}, (note,))
