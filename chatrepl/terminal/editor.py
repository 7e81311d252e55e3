"""A text in the user's own editor: $VISUAL, $EDITOR, or the first one there is.

The editor is run as a list of words, never through a shell; the file is private and short-lived.
"""

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from chatrepl.core.value import frozen

FALLBACKS = ("editor", "nano", "vim", "vi")


@frozen
class Edited:
    """The text as it was left; `fault` says why it is not taken, where that was not wanted.

    It is unchanged then, unless a signal ended the editor: what that had saved is not lost.
    """

    text: str
    fault: str = ""


def find_editor(environ: Mapping[str, str]) -> list[str]:
    """Give the command that edits a file, as words; empty where there is none."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError:
            continue
        if words:
            return words
    path = environ.get("PATH")
    return next(([name] for name in FALLBACKS if shutil.which(name, path=path)), [])


def edit(text: str, environ: Mapping[str, str]) -> Edited:
    """Let the user edit a text; the terminal must be in its usual mode."""
    command = find_editor(environ)
    if not command:
        return Edited(text, "no editor found: set EDITOR")
    try:
        with TemporaryDirectory(prefix="chatrepl-") as folder:  # 0700
            path = Path(folder, "message.md")
            path.touch(0o600)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
            code = subprocess.run([*command, str(path)], check=False).returncode
            edited = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return Edited(text, f"{command[0]}: {error.strerror}")
    if code > 0:
        return Edited(text, f"{command[0]} ended with code {code}: nothing was changed")
    fault = f"{command[0]} was ended by a signal" if code else ""
    return Edited(edited if text.endswith("\n") else edited.removesuffix("\n"), fault)
