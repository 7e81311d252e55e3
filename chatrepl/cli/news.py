"""What changed: told in one line at the first chat after an update, and in full by `--changes`."""

from pathlib import Path
from typing import Final

from chatrepl import __version__
from chatrepl.storage.paths import Folders

VERSION_FILE: Final = "version.txt"
NEWS: Final = "0.2.0: a model on this machine (--local), /help ask, shell completion of values"
_CHANGES: Final = Path(__file__).parent.parent / "data" / "changes.md"
_MOST_CHARS: Final = 40


def news(folders: Folders, *, save: bool) -> str:
    """Say what is new where this version runs for the first time in place of an older one.

    The first version of all has nothing new about it. Where nothing is kept, nothing is said.
    """
    if not save or folders.state is None:
        return ""
    path = folders.state / VERSION_FILE
    before = _read(path)
    if before == __version__:
        return ""
    is_update = before or (folders.state / "history").exists()
    try:
        folders.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(f"{__version__}\n", encoding="utf-8")
    except OSError:
        return ""  # else it would be said again and again
    return f"New in {NEWS}. chatrepl --changes tells all." if is_update else ""


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_CHARS).strip()
    except OSError:
        return ""


def changes() -> str:
    """Give the list of what changed, the newest version first."""
    return _CHANGES.read_text(encoding="utf-8")
