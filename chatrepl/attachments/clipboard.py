"""The system's clipboard through its own programs, and OSC 52 where there is none.

Programs are run as lists, never through a shell, and are given up after a few seconds. To teach
a new one, add it to `_image_commands`, `_text_commands` or `_write_commands`.
"""

import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Final, TypeAlias

from chatrepl.core.errors import AttachmentError
from chatrepl.core.value import frozen

ClipboardCommand: TypeAlias = Sequence[str]
Runner: TypeAlias = Callable[[ClipboardCommand, bytes | None], bytes | None]

# What xterm and its kin take of one sequence; several terminals drop longer ones silently.
OSC52_MAX_CHARS: Final = 100_000
_SCREEN_PIECE: Final = 512  # GNU screen cuts a passed-through string at 768 bytes
_TIMEOUT_S: Final = 4.0
_OSASCRIPT_DATA: Final = re.compile(rb"data PNGf([0-9A-Fa-f]+)")
_POWERSHELL: Final = (
    "powershell.exe",
    "-NoProfile",
    "-NonInteractive",
    "-STA",
    "-Command",
)
_POWERSHELL_IMAGE: Final = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "$i=[Windows.Forms.Clipboard]::GetImage();if($i){$m=New-Object IO.MemoryStream;"
    "$i.Save($m,[Drawing.Imaging.ImageFormat]::Png);[Convert]::ToBase64String($m.ToArray())}"
)
_POWERSHELL_TEXT: Final = (
    "[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes((Get-Clipboard -Raw)))"
)
_POWERSHELL_WRITE: Final = (
    "$i=[Console]::OpenStandardInput();$m=New-Object IO.MemoryStream;$i.CopyTo($m);"
    "Set-Clipboard -Value ([Text.Encoding]::UTF8.GetString($m.ToArray()))"
)


def run_program(command: ClipboardCommand, data: bytes | None) -> bytes | None:
    """Run a program; returns what it wrote, or None if it failed.

    With `data` the program's output is not waited for: those that keep the clipboard stay behind
    in the background and would hold the pipe open.
    """
    output = subprocess.PIPE if data is None else subprocess.DEVNULL
    try:
        done = subprocess.run(
            list(command),
            input=data or b"",
            stdout=output,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout or b"") if done.returncode == 0 else None


@frozen
class Clipboard:
    """The clipboard of one desktop; the fields stand for the system, for tests."""

    platform: str = sys.platform
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    has: Callable[[str], object] = shutil.which
    run: Runner = run_program

    def read(self) -> bytes:
        """Return the clipboard's image, else its text as UTF-8; raises `AttachmentError`."""
        commands = [*self._image_commands(), *self._text_commands()]
        known = [command for command in commands if self.has(command[0])]
        if not known:
            raise AttachmentError(
                "The clipboard cannot be read: no program for it is installed.", self._advice()
            )
        for command in known:
            data = _unpacked(command, self.run(command, None))
            if data:
                return data
        raise AttachmentError("The clipboard holds neither an image nor text.")

    def write(self, text: str) -> bool:
        """Put text on the clipboard; False means: use `osc52`."""
        data = text.encode("utf-8", "replace")
        return any(
            self.has(command[0]) and self.run(command, data) is not None
            for command in self._write_commands()
        )

    def _image_commands(self) -> list[ClipboardCommand]:
        if self.platform == "darwin":
            script = "the clipboard as «class PNGf»"
            return [("pngpaste", "-"), ("osascript", "-e", script)]
        found: list[ClipboardCommand] = []
        if "WAYLAND_DISPLAY" in self.environ:
            found += [("wl-paste", "--no-newline", "--type", kind) for kind in _IMAGE_TYPES]
        if "DISPLAY" in self.environ:
            found += [
                ("xclip", "-selection", "clipboard", "-t", kind, "-o") for kind in _IMAGE_TYPES
            ]
        return [*found, (*_POWERSHELL, _POWERSHELL_IMAGE)]

    def _text_commands(self) -> list[ClipboardCommand]:
        if self.platform == "darwin":
            return [("pbpaste",)]
        found: list[ClipboardCommand] = []
        if "WAYLAND_DISPLAY" in self.environ:
            found.append(("wl-paste", "--no-newline", "--type", "text"))
        if "DISPLAY" in self.environ:
            found.append(("xclip", "-selection", "clipboard", "-o"))
            found.append(("xsel", "--clipboard", "--output"))
        return [*found, ("termux-clipboard-get",), (*_POWERSHELL, _POWERSHELL_TEXT)]

    def _write_commands(self) -> list[ClipboardCommand]:
        found: list[ClipboardCommand] = []
        if "WAYLAND_DISPLAY" in self.environ:
            found.append(("wl-copy", "--type", "text/plain;charset=utf-8"))
        if "DISPLAY" in self.environ:
            found.append(("xclip", "-selection", "clipboard"))
            found.append(("xsel", "--clipboard", "--input"))
        if self._remote():
            return found  # any other program would fill the clipboard of the wrong computer
        if self.platform == "darwin":
            found.append(("pbcopy",))
        return [*found, ("termux-clipboard-set",), (*_POWERSHELL, _POWERSHELL_WRITE)]

    def _remote(self) -> bool:
        return any(name in self.environ for name in ("SSH_CONNECTION", "SSH_TTY"))

    def _advice(self) -> str:
        if "WAYLAND_DISPLAY" in self.environ:
            return "Install wl-clipboard, or save the image and attach the file."
        if "DISPLAY" in self.environ:
            return "Install xclip, or save the image and attach the file."
        return "Save the image and attach the file."


_IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")


def osc52(text: str, tmux: bool = False, *, screen: bool = False) -> str:
    """Build the sequence that asks the terminal to put `text` on its clipboard.

    Raises `AttachmentError` if the text is longer than terminals take. Under tmux the plain
    sequence follows the wrapped one: which of the two tmux lets through is a matter of its
    settings, and both say the same.
    """
    payload = b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(payload) > OSC52_MAX_CHARS:
        raise AttachmentError(
            "This is too long to copy through the terminal.", "Use /export to write it to a file."
        )
    plain = f"\x1b]52;c;{payload}\x07"
    if tmux:
        inner = plain.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\{plain}"
    if screen:
        pieces = (plain[i : i + _SCREEN_PIECE] for i in range(0, len(plain), _SCREEN_PIECE))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain


def _unpacked(command: ClipboardCommand, output: bytes | None) -> bytes:
    """Undo the armour that two of the programs put around binary data."""
    if not output:
        return b""
    if command[0] == "osascript":
        found = _OSASCRIPT_DATA.search(output)
        return bytes.fromhex(found[1].decode("ascii")) if found else b""
    if command[0] == _POWERSHELL[0]:
        try:
            return b64decode(output.strip(), validate=True)
        except Base64Error:
            return b""
    return output
