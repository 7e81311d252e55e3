"""Change one setting in the text of config.toml, and leave all else of it as it stands."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from chatrepl.config.file import ConfigFile, Keys
from chatrepl.config.show import toml
from chatrepl.core.errors import ConfigError
from chatrepl.core.setting_values import Option
from chatrepl.core.settings import SWITCH, has_section


def with_value(text: str, opt: Option, value: Any, profile: str | None = None) -> str:
    """Give the text with a setting changed or added: by itself, or in the table of a profile."""
    import tomlkit  # seldom wanted

    document = tomlkit.parse(text if text.endswith("\n") or not text else f"{text}\n")
    table: MutableMapping[str, Any] = document
    if profile is not None:
        table = _section(_section(table, "profiles", is_super=True), profile)
    line = f"item = {toml('' if value is None else value)}\n"  # an empty line below it stays one
    item = tomlkit.parse(line)["item"]
    *sections, name = _standing(table, opt) or _place(table, opt)
    is_dotted = profile is not None and _is_dotted(document["profiles"], profile)
    for depth, section in enumerate(sections):
        if is_dotted and not isinstance(table.get(section), Mapping):
            _put_dotted(table, sections[depth:], name, item)
            break
        table = _section(table, section)
    else:
        table[name] = item
    written = tomlkit.dumps(document)
    return written if written.endswith("\n") else f"{written}\n"


def values_of(file: ConfigFile) -> dict[Keys, Any]:
    """Give what a file sets, by profile (or none) and key; tables of tools as they are."""
    tables = {"": file.values, **file.profiles}
    values: dict[Keys, Any] = {
        (name, key): entry.value for name, table in tables.items() for key, entry in table.items()
    }
    return values | {(name, "tools", "mcp"): tools for name, tools in file.tools.items()}


def _is_dotted(table: Any, name: str) -> bool:
    """Tell whether what stands at `name` is written as `name.key = value`."""
    container = getattr(table, "value", None)
    body = getattr(container, "body", ())
    return any(key is not None and key.key == name and key.is_dotted() for key, _ in body)


def _put_dotted(table: Any, sections: list[str], name: str, item: Any) -> None:
    """Put `section.name = item` among such lines; a table of its own would stand elsewhere."""
    import tomlkit

    if not hasattr(table, "append"):  # its lines stand apart
        raise ConfigError(f"{name} has no place in it.", "/config edit opens it.")
    was = table.pop(sections[0], None)
    if was is not None:  # a switch that gets settings of its own
        table.append(tomlkit.key([sections[0], SWITCH[1:]]), was)
    table.append(tomlkit.key([*sections, name]), item)


def _section(
    table: MutableMapping[str, Any], name: str, *, is_super: bool = False
) -> MutableMapping[str, Any]:
    import tomlkit
    from tomlkit.items import InlineTable

    if not isinstance(table.get(name), Mapping):
        was, is_inline = table.get(name), isinstance(table, InlineTable)
        table[name] = tomlkit.inline_table() if is_inline else tomlkit.table(is_super)
        if was is not None:  # a switch that gets settings of its own
            table[name][SWITCH[1:]] = was
    section: MutableMapping[str, Any] = table[name]
    return section


def _standing(table: Mapping[str, Any], opt: Option, key: str = "") -> Keys:
    """Tell where in a table a setting stands, however that is written; nowhere is empty."""
    for name, value in table.items():
        here = f"{key}{name}"
        is_section = isinstance(value, Mapping) and has_section(here)
        if here in {opt.key, f"{opt.key}{SWITCH}"} and not is_section:
            return (name,)
        if is_section and (below := _standing(value, opt, f"{here}.")):
            return (name, *below)
    return ()


def _place(table: Mapping[str, Any], opt: Option) -> Keys:
    """Tell where a setting is to stand that stands nowhere."""
    is_table = isinstance(table.get(opt.key), Mapping)
    key = opt.key + SWITCH if has_section(opt.key) and is_table else opt.key
    return tuple(key.split("."))
