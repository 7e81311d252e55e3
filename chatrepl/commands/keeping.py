"""Settings that stay: one of them, or all in the editor, written into config.toml."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from chatrepl.commands.cost import set_system
from chatrepl.config.file import ConfigFile, check_file, decode, read_bytes, read_file
from chatrepl.config.load import Config, lay_over
from chatrepl.config.show import example
from chatrepl.core.errors import ChatreplError, ConfigError
from chatrepl.core.model_names import DEFAULT
from chatrepl.core.outcome import Edit, Notice, Outcome, Several
from chatrepl.core.setting_values import Option
from chatrepl.core.settings import OPTIONS, Settings
from chatrepl.session.session import Session
from chatrepl.storage.files import PRIVATE_FILE, hold_folder, replace_file, words_for
from chatrepl.storage.paths import make_folder

AT_START: Final = frozenset(
    "allow_http base_url api_key_command headers save head_start tools".split()
)
_BOM: Final = b"\xef\xbb\xbf"
_UNCHECKED: Final = ".unchecked"  # what was edited and is wrong


def keep(session: Session, opt: Option, value: Any) -> str:
    """Write a setting into the file, and say so. Raises ConfigError; the file is then as it was."""
    from chatrepl.config.write import values_of, with_value

    loaded, path = _place(session)
    with hold_folder(path.parent):
        data, _ = _standing(path)
        before = check_file(path, data)
        profile = loaded.layers.profile
        after = _encoded(with_value(_text(data), opt, value, profile), data)
        wanted = values_of(before) | {(profile or "", opt.key): value}
        checked = _checked(path, after)
        if checked is None or values_of(checked) != wanted:
            raise ConfigError(f"{path}: {opt.key} has no place in it.", "/config edit opens it.")
        lay_over(checked, path, loaded.layers)
        _write(path, after)
    fresh = _taken_over(session, loaded)
    where = f"{path}, under [profiles.{profile}]" if profile else str(path)
    return " ".join([f"Kept in {where}.", *_yet(opt.key, fresh)])


def _checked(path: Path, data: bytes) -> ConfigFile | None:
    """Check what is to be written; None where it is not even TOML."""
    try:
        return check_file(path, data)
    except ConfigError:
        return None


def _yet(key: str, fresh: Config) -> Iterator[str]:
    """Say what keeps a setting from counting."""
    origin = fresh.origins[key]
    if key in AT_START:
        yield "It counts from the next start."
    if origin == OPTIONS[key].variable:
        yield f"But {origin} is set in the environment, and goes before the file."
    elif origin.startswith("--"):
        yield f"But {origin} goes before it wherever that is given."
    yield from fresh.notes


def edit_file(session: Session) -> Outcome:
    """Open the file in the editor; what is wrong in it changes nothing."""
    _, path = _place(session)
    aside, (data, status) = path.with_name(path.name + _UNCHECKED), _standing(path)
    text = _text(data) if status is not None else example()
    if aside.exists():
        text = _text(_standing(aside)[0])

    def then(edited: str) -> Outcome:
        after = _encoded(edited, data)
        if after == data or (status is None and edited == example()):
            aside.unlink(missing_ok=True)
            return Notice(f"{path.name} is as it was.")
        try:
            changed = _change(session, path, after)
        except ConfigError as error:
            _write(aside, after)
            why = f"{error.message} {error.hint}".rstrip()
            kept = f"{path.name} is as it was; /config edit opens what you wrote again."
            return Several((Notice(why, "warning"), Notice(kept)))
        aside.unlink(missing_ok=True)
        return changed

    return Edit(text, then)


def _change(session: Session, path: Path, data: bytes) -> Outcome:
    """Write the file where nothing in it is wrong, and use what it says."""
    loaded, _ = _place(session)
    meant = lay_over(check_file(path, data), path, loaded.layers)
    if meant.programs:
        from chatrepl.config.tool_tables import check_schemas  # takes a while

        check_schemas(meant.programs, meant.origins)
    try:
        _resolved(session, meant.settings)
    except ChatreplError as error:
        raise ConfigError(f"{meant.origins['model']}: {error.message}", error.hint) from None
    _write(path, data)
    fresh = _taken_over(session, loaded)
    changed = {key for key in OPTIONS if _value(fresh, key) != _value(loaded, key)}
    now = changed - AT_START - {"system"}
    session.use(**{OPTIONS[key].name: _value(fresh, key) for key in sorted(now)})
    names = ", ".join(key for key in OPTIONS if key in changed - AT_START)
    changed |= {"tools"} if _tools(fresh) != _tools(loaded) else set()
    later = ", ".join(key for key in (*OPTIONS, "tools") if key in changed & AT_START)
    words = [f"{path} is written.", f"Changed: {names}." if names else ""]
    words += [f"At the next start: {later}." if later else "", *fresh.notes]
    outcomes: list[Outcome] = [Notice(" ".join(filter(None, words)))]
    if "system" in changed:
        outcomes.append(set_system(session, fresh.settings.system))
    return Several(tuple(outcomes))


def _tools(config: Config) -> tuple[object, object]:
    return config.programs, config.servers


def _value(config: Config, key: str) -> Any:
    return getattr(config.settings, OPTIONS[key].name)


def _place(session: Session) -> tuple[Config, Path]:
    loaded = session.loaded
    if loaded is None or loaded.path is None:
        raise ConfigError(
            "There is no place for a configuration file.", "chatrepl --config FILE names one."
        )
    return loaded, loaded.path


def _taken_over(session: Session, loaded: Config) -> Config:
    """Know where each setting comes from now, as the file has it."""
    path = loaded.path
    assert path is not None  # noqa: S101 - it was just written
    fresh = lay_over(read_file(path), path, loaded.layers)
    fresh = replace(fresh, settings=_resolved(session, fresh.settings))
    session.settle(fresh)
    return fresh


def _resolved(session: Session, settings: Settings) -> Settings:
    """Write out the names of models, as a start does. Raises UsageError for one that is none."""
    others = settings.fallback_models
    named = (one if others == (DEFAULT,) else session.named(one).id for one in others)
    model = session.named(settings.model).id
    return replace(settings, model=model, fallback_models=tuple(named))


def _standing(path: Path) -> tuple[bytes, os.stat_result | None]:
    """Read what stands there; nothing where there is no file. Raises ConfigError."""
    try:
        return read_bytes(path)
    except FileNotFoundError:
        return b"", None


def _text(data: bytes) -> str:
    try:
        return decode(data).replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ConfigError("The configuration file is not UTF-8 text.") from None


def _encoded(text: str, before: bytes) -> bytes:
    """Write a text with the mark and the line ends that the file has."""
    if b"\r\n" in before:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    mark = _BOM if before.startswith(_BOM) else b""
    return mark + text.encode("utf-8", "replace")


def _write(path: Path, data: bytes) -> None:
    """Put the file in its place, where a link leads, with the mode it has. Raises ConfigError."""
    try:
        target = Path(os.path.realpath(path))
        mode = _mode(target)
        make_folder(target.parent)
        replace_file(target, data, mode)
    except OSError as error:
        raise ConfigError(f"{path} was not written: {words_for(error)}.") from error


def _mode(path: Path) -> int:
    """Give the mode of a file that is ours to write. Raises ConfigError for another one."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return PRIVATE_FILE
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise ConfigError(f"{path} was not written: it belongs to somebody else.")
    if not status.st_mode & stat.S_IWUSR:
        raise ConfigError(f"{path} was not written: it is read-only.")
    return stat.S_IMODE(status.st_mode)
