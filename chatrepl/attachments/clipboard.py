"""The system's clipboard through its own programs, and OSC 52 where there is none.

Programs are run as lists, never through a shell, and are given up after a few seconds. To teach
a new one, add it to `_IMAGES`, `_TEXTS` or `_WRITERS`.
"""

import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
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
_HARM: Final = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e007a]{3,6}\U000e007f)|(?P<line>\r\n?)|"
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
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

# Where a program is of use: one of two variables is set, the platform, or wherever it is installed.
_WAYLAND, _X11, _MAC, _HERE = "WAYLAND_DISPLAY", "DISPLAY", "darwin", ""
_Program: TypeAlias = tuple[str, ClipboardCommand]
_IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
_XCLIP: Final = ("xclip", "-selection", "clipboard")
_IMAGES: Final[tuple[_Program, ...]] = (
    (_MAC, ("pngpaste", "-")),
    (_MAC, ("osascript", "-e", "the clipboard as «class PNGf»")),
    *((_WAYLAND, ("wl-paste", "--no-newline", "--type", kind)) for kind in _IMAGE_TYPES),
    *((_X11, (*_XCLIP, "-t", kind, "-o")) for kind in _IMAGE_TYPES),
    (_HERE, (*_POWERSHELL, _POWERSHELL_IMAGE)),
)
_TEXTS: Final[tuple[_Program, ...]] = (
    (_MAC, ("pbpaste",)),
    (_WAYLAND, ("wl-paste", "--no-newline", "--type", "text")),
    (_X11, (*_XCLIP, "-o")),
    (_X11, ("xsel", "--clipboard", "--output")),
    (_HERE, ("termux-clipboard-get",)),
    (_HERE, (*_POWERSHELL, _POWERSHELL_TEXT)),
)
_WRITERS: Final[tuple[_Program, ...]] = (
    (_WAYLAND, ("wl-copy", "--type", "text/plain;charset=utf-8")),
    (_X11, _XCLIP),
    (_X11, ("xsel", "--clipboard", "--input")),
    (_MAC, ("pbcopy",)),
    (_HERE, ("termux-clipboard-set",)),
    (_HERE, (*_POWERSHELL, _POWERSHELL_WRITE)),
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


def inert(text: str) -> str:
    """Take out what a text must not bring to the program that it is pasted into.

    That is controls but line feeds and tabs, what turns the order of letters, and hidden tags that
    belong to no flag. Ends of lines become line feeds; all else stays.
    """
    if text.isascii() and text.isprintable():
        return text
    return _HARM.sub(lambda match: match["flag"] or ("\n" if match["line"] else ""), text)


@frozen
class Clipboard:
    """The clipboard of one desktop; the fields stand for the system, for tests."""

    platform: str = sys.platform
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    has: Callable[[str], object] = shutil.which
    run: Runner = run_program

    def read(self) -> bytes:
        """Return the clipboard's image, else its text as UTF-8; raises `AttachmentError`."""
        commands = self._commands((*_IMAGES, *_TEXTS))
        usable = [command for command in commands if self.has(command[0])]
        if not usable:
            raise AttachmentError(
                "The clipboard cannot be read: no program for it is installed.", self._advice()
            )
        for command in usable:
            data = _unpacked(command, self.run(command, None))
            if data:
                return data
        raise AttachmentError("The clipboard holds neither an image nor text.")

    def write(self, text: str) -> bool:
        """Put text on the clipboard; False means: use `osc52`."""
        data = inert(text).encode("utf-8", "replace")
        # From afar, a program of this computer would fill the clipboard of the wrong one.
        return any(
            self.has(command[0]) and self.run(command, data) is not None
            for command in self._commands(_WRITERS, here=not self._remote())
        )

    def _commands(self, rows: Iterable[_Program], *, here: bool = True) -> list[ClipboardCommand]:
        return [
            command
            for place, command in rows
            if place in self.environ or (here and place in {self.platform, _HERE})
        ]

    def _remote(self) -> bool:
        return any(name in self.environ for name in ("SSH_CONNECTION", "SSH_TTY"))

    def _advice(self) -> str:
        if _WAYLAND in self.environ:
            return "Install wl-clipboard, or save the image and attach the file."
        if _X11 in self.environ:
            return "Install xclip, or save the image and attach the file."
        return "Save the image and attach the file."


def osc52(text: str, tmux: bool = False, *, screen: bool = False) -> str:
    """Build the sequence that asks the terminal to put `text` on its clipboard.

    Raises `AttachmentError` if the text is longer than terminals take. Under tmux the plain
    sequence follows the wrapped one: which of the two tmux lets through is a matter of its
    settings, and both say the same.
    """
    data = inert(text).encode("utf-8", "replace")
    payload = b64encode(data).decode("ascii")
    if len(payload) > OSC52_MAX_CHARS:
        raise AttachmentError(
            f"{len(data) // 1000} kB is too long to copy through the terminal, which takes "
            f"{OSC52_MAX_CHARS * 3 // 4000} kB.",
            "/export writes the conversation to a file.",
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
        picture = _OSASCRIPT_DATA.search(output)
        return bytes.fromhex(picture[1].decode("ascii")) if picture else b""
    if command[0] == _POWERSHELL[0]:
        try:
            return b64decode(output.strip(), validate=True)
        except Base64Error:
            return b""
    return output
