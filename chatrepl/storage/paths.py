"""Where things are kept: the state, config and cache folders.

A folder is named by, in this order, our own variable (`CHATREPL_STATE_DIR`, …), XDG's, and the
platform's custom. Without a usable home there is none, and nothing is kept.
"""

import errno
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from chatrepl.core.value import frozen

FolderKind: TypeAlias = Literal["state", "config", "cache"]
APP: Final = "chatrepl"
CONFIG_FILE: Final = "config.toml"
PRIVATE_FOLDER: Final = 0o700


@frozen
class Folders:
    """The folders of this user; None where there is no place for one."""

    state: Path | None
    config: Path | None
    cache: Path | None

    @property
    def conversations(self) -> Path | None:
        return None if self.state is None else self.state / "conversations"


def find_folders(environ: Mapping[str, str] | None = None) -> Folders:
    """Tell where things are kept; creates nothing."""
    env = os.environ if environ is None else environ
    return Folders(_find("state", env), _find("config", env), _find("cache", env))


def config_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """Say where the configuration stands, whether there is any or not; None without a place.

    XDG_CONFIG_HOME once counted on Linux only: elsewhere the platform's own place is read where
    XDG's holds no file.
    """
    env = os.environ if environ is None else environ
    folder = _find("config", env)
    if folder is None:
        return None
    file = folder / CONFIG_FILE
    if _is_linux() or env.get("CHATREPL_CONFIG_DIR") or os.access(file, os.F_OK):
        return file
    older = _custom("config", env) / CONFIG_FILE
    return older if os.access(older, os.F_OK) else file


def make_folder(path: Path) -> None:
    """Create `path` and what is missing above it, for the user alone, under any umask.

    Folders that are there already stay as they are. Raises OSError.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    try:
        path.mkdir(PRIVATE_FOLDER)
    except FileExistsError as error:
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "no folder", str(path)) from error
        return
    path.chmod(PRIVATE_FOLDER)


def _find(kind: FolderKind, env: Mapping[str, str]) -> Path | None:
    ours = env.get(f"CHATREPL_{kind.upper()}_DIR", "")
    if ours:
        return _absolute(ours, env)
    xdg = env.get(f"XDG_{kind.upper()}_HOME", "")
    if xdg and Path(xdg).is_absolute():
        return Path(xdg) / APP
    if not _has_home(env):
        return None
    return _custom(kind, env)


def _absolute(text: str, env: Mapping[str, str]) -> Path | None:
    if text == "~" or text.startswith("~/"):
        return Path(env["HOME"] + text[1:]) if _has_home(env) else None
    try:
        return Path(text).absolute()
    except OSError:  # the folder that we are in was deleted
        return None


def _has_home(env: Mapping[str, str]) -> bool:
    """Tell whether the home is a place to keep things in: never the root of the file system."""
    if sys.platform == "win32":
        return True
    home = env.get("HOME", "")
    try:
        return home.startswith("/") and Path(home).is_dir() and not Path(home).samefile("/")
    except (OSError, ValueError):
        return False


def _custom(kind: FolderKind, env: Mapping[str, str]) -> Path:
    if _is_linux():  # as platformdirs has it, without the import
        below = {"state": ".local/state", "config": ".config", "cache": ".cache"}[kind]
        return Path(env["HOME"]) / below / APP
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(APP, appauthor=False, roaming=kind == "config")
    path: Path = getattr(dirs, f"user_{kind}_path")
    return path


def _is_linux() -> bool:
    return str(sys.platform).startswith("linux")
