"""The files of commands of one's own: `commands/NAME.md`, beside the configuration and here.

What lies beside the configuration counts where ssh's rule trusts it. Any other folder, such as
`.chatrepl/commands` of the working folder, counts once the user has agreed to it as it is now: what
is remembered is its content, and what is read is what was agreed to.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from chatrepl.config.file import decoded, parsed, read_bytes
from chatrepl.config.trust import doubt
from chatrepl.core.characters import without_hidden
from chatrepl.core.errors import SAFE, ConfigError, UsageError
from chatrepl.core.front_matter import (
    FrontError,
    FrontMatter,
    FrontValue,
    from_toml,
    from_yaml,
    split_front,
)
from chatrepl.core.own_command import NAME, OwnCommand, make
from chatrepl.core.value import frozen

LOCAL: Final = Path(".chatrepl", "commands")
MOST_BYTES: Final = 262_144  # of a file
_MOST_FILES: Final = 2_000
_MOST_LOCAL: Final = 200  # all of them are read to be agreed to
_DEEPEST: Final = 4
_END: Final = ".md"
_BELIEVED_S: Final = 2.0  # so long a listing is not looked at again, at a key


@frozen
class OwnFolder:
    """A folder as it was found: its files by the name of their command, and whether it counts.

    `digest` is of all that was read, where the folder counts by its content; else it is empty.
    """

    path: Path
    files: Mapping[str, Path]
    is_local: bool
    counts: bool = True
    digest: str = ""
    contents: Mapping[str, bytes | str] = field(default_factory=dict)  # or why it is not read
    why: str = ""


@dataclass(slots=True)
class OwnFolders:
    """Looks into both folders when something of them is wanted, and not before.

    `agreed` tells what was agreed to, by path, and `remember` keeps it.
    """

    beside: Path | None
    agreed: Callable[[], Mapping[str, str]]
    remember: Callable[[str, str], None]
    _folders: tuple[OwnFolder, ...] = ()
    _until: float = 0.0
    _glances: dict[Path, tuple[tuple[int, int], OwnCommand | str]] = field(default_factory=dict)
    _told: dict[str, OwnCommand | str] = field(default_factory=dict)
    _here: str = ""
    _now: dict[str, str] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for f in self._look() if f.counts for name in f.files))

    def waiting(self) -> tuple[str, ...]:
        counting = self.names()
        return tuple(
            name
            for folder in self._look()
            if not folder.counts
            for name in folder.files
            if name not in counting
        )

    def why(self) -> str:
        return "\n".join(folder.why for folder in self._look() if not folder.counts)

    def agree(self) -> None:
        for folder in self._look():
            if not folder.counts:
                self._now[str(folder.path)] = folder.digest
                self.remember(str(folder.path), folder.digest)
        self.look_again()

    def is_local(self, name: str) -> bool:
        return self._holding(name).is_local

    def look_again(self) -> None:
        self._until = 0.0

    def read(self, name: str) -> OwnCommand:
        self.look_again()
        return self._read(name)

    def _read(self, name: str) -> OwnCommand:
        folder = self._holding(name)
        path = folder.files[name]
        content = folder.contents.get(name) if folder.digest else _content(folder.path, path)
        try:
            command = _parsed(name, path, content)
        except ConfigError as error:
            raise UsageError(error.message, SAFE) from None
        except FrontError as error:
            place = f"{path}:{error.line}" if error.line else path
            raise UsageError(f"{place}: {error.message}", SAFE) from None
        return replace(command, folder=str(folder.path), path=str(path), is_local=folder.is_local)

    def about(self, name: str) -> tuple[str, str]:
        match self._glance(name):
            case OwnCommand() as command:
                return command.usage.partition(" ")[2], command.summary
            case fault:
                return "", fault

    def values(self, name: str) -> tuple[tuple[str, str], ...]:
        glance = self._glance(name)
        return tuple(glance.values()) if isinstance(glance, OwnCommand) else ()

    def _glance(self, name: str) -> OwnCommand | str:
        """Give a command as it was a moment ago, or why it cannot be read."""
        folder = self._holding(name)
        told = self._told  # another thread may look again meanwhile
        if name not in told:
            told[name] = self._unless_known(name, folder.files[name])
        return told[name]

    def _unless_known(self, name: str, path: Path) -> OwnCommand | str:
        try:
            status = path.stat()
        except OSError as error:
            return error.strerror or "it cannot be read"
        mark = (status.st_mtime_ns, status.st_size)
        glance = self._glances.get(path)
        if glance is None or glance[0] != mark:
            self._glances[path] = glance = (mark, self._read_or_fault(name, path))
        return glance[1]

    def place(self, name: str) -> str:
        if name in self.names():
            return str(self._holding(name).files[name])
        if self.beside is None:
            raise UsageError("There is no configuration folder.", "CHATREPL_CONFIG_DIR names one.")
        *folders, last = name.split(":")
        return str(Path(self.beside, *folders, last + _END))

    def _read_or_fault(self, name: str, path: Path) -> OwnCommand | str:
        try:
            return self._read(name)
        except UsageError as error:  # in a list there is no room for the folder
            words = error.message.removeprefix(f"{path.parent}{os.sep}")
            return without_hidden(words)[0]

    def _holding(self, name: str) -> OwnFolder:
        for folder in self._look():
            if folder.counts and name in folder.files:
                return folder
        raise UsageError(f"There is no command /{name} of your own.", "/commands lists them.")

    def _look(self) -> tuple[OwnFolder, ...]:
        here = os.getcwd() if _is_somewhere() else ""  # noqa: PTH109
        if time.monotonic() > self._until or here != self._here:
            self._here = here
            agreed = {**self.agreed(), **self._now}
            places = [(self.beside, False)] if self.beside is not None else []
            places += [(Path(here, LOCAL), True)] if here else []
            looked = (_looked(path, agreed, is_local=local) for path, local in places)
            self._folders, self._told = tuple(filter(None, looked)), {}
            self._until = time.monotonic() + _BELIEVED_S
        return self._folders


def _is_somewhere() -> bool:
    try:
        return bool(Path.cwd())
    except OSError:  # the folder that we are in was deleted
        return False


def _looked(path: Path, agreed: Mapping[str, str], *, is_local: bool) -> OwnFolder | None:
    """List a folder; None where it has no commands."""
    real = Path(os.path.realpath(path))
    files = dict(sorted(_listed(real)))
    if not files:
        return None
    trouble = None if is_local else doubt(path)
    if not is_local and trouble is None:
        return OwnFolder(real, files, is_local=False)
    contents = {name: _content(real, file) for name, file in [*files.items()][:_MOST_LOCAL]}
    files = {name: file for name, file in files.items() if name in contents}
    digest = _digest(contents)
    why = f"{path} holds commands of its own."
    if trouble is not None:
        why = f"{trouble.reason}, and holds commands. {trouble.mend}"
    counts = agreed.get(str(real)) == digest
    return OwnFolder(real, files, is_local, counts, digest, contents, why)


def _listed(folder: Path, below: str = "", depth: int = 0) -> Iterator[tuple[str, Path]]:
    """Yield the commands of a folder: `name`, and `sub:name` of the folders in it."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)[:_MOST_FILES]
    except OSError:
        return
    for entry in entries:
        name = below + entry.name.removesuffix(_END)
        if not NAME.fullmatch(name) or entry.name.startswith("."):
            continue
        if entry.name.endswith(_END):
            yield name, Path(entry.path)
        elif depth < _DEEPEST and entry.is_dir(follow_symlinks=False):
            yield from _listed(Path(entry.path), f"{name}:", depth + 1)


def _content(folder: Path, path: Path) -> bytes | str:
    """Read a file; or say why that cannot be done."""
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(folder):
        return "this is a link that leads out of its folder."
    try:
        return read_bytes(path, MOST_BYTES)[0]
    except FileNotFoundError:
        return "there is no such file."
    except ConfigError as error:
        return error.message.removeprefix(f"{path}: ")


def _digest(contents: Mapping[str, bytes | str]) -> str:
    whole = hashlib.sha256()
    for name, content in contents.items():
        data = content if isinstance(content, bytes) else b""
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def beside(command: OwnCommand, name: str) -> str:
    """Give the path of a file that a command names: beside its own, else from here."""
    path = Path(command.folder, name)
    try:
        return str(path) if path.exists() else name
    except (OSError, ValueError):
        return name


def _parsed(name: str, path: Path, content: bytes | str | None) -> OwnCommand:
    """Make a command of a file. Raises ConfigError and FrontError."""
    if not isinstance(content, bytes):
        raise FrontError(content or "there is no such file.")
    front = split_front(decoded(path, content))
    return make(name, _values(path, front), front.body)


def _values(path: Path, front: FrontMatter) -> Mapping[str, FrontValue]:
    if front.kind != "toml":
        return from_yaml(front.front, front.line) if front.kind else {}
    text = "\n" * (front.line - 1) + front.front
    return from_toml(parsed(path, text), text)
