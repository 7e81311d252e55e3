import os
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments import clipboard
from chatrepl.attachments.clipboard import Clipboard, ClipboardCommand, inert, osc52, run_program
from chatrepl.core.errors import AttachmentError
from tests.attachments.pictures import picture, saved

PNG = saved(picture(5, 5), "PNG")
WAYLAND = {"WAYLAND_DISPLAY": "wayland-0"}
X11 = {"DISPLAY": ":0"}


@dataclass
class Desktop:
    """Programs by name with what they answer; `calls` is what was run."""

    programs: Mapping[str, bytes | None]
    calls: list[tuple[str, ...]] = field(default_factory=list)
    got: bytes | None = None

    def run(self, command: ClipboardCommand, data: bytes | None) -> bytes | None:
        self.calls.append(tuple(command))
        self.got = data
        wanted = " ".join(command)
        return next((out for key, out in self.programs.items() if key in wanted), None)

    def clipboard(self, environ: Mapping[str, str], platform: str = "linux") -> Clipboard:
        names = {key.split()[0] for key in self.programs}
        return Clipboard(platform, environ, names.__contains__, self.run)


@pytest.mark.parametrize(
    ("programs", "environ", "platform"),
    [
        ({"wl-paste --no-newline --type image/png": PNG}, WAYLAND, "linux"),
        ({"xclip -selection clipboard -t image/png": PNG}, X11, "linux"),
        ({"pngpaste -": PNG}, {}, "darwin"),
        (
            {"osascript": f"«data PNGf{PNG.hex().upper()}»".encode()},
            {},
            "darwin",
        ),
        ({"powershell.exe -": b64encode(PNG) + b"\r\n"}, {}, "win32"),
        ({"powershell.exe -": b64encode(PNG) + b"\r\n"}, {"WSL_DISTRO_NAME": "x"}, "linux"),
    ],
)
def test_an_image_is_read_on_every_system(
    programs: dict[str, bytes], environ: dict[str, str], platform: str
) -> None:
    assert Desktop(programs).clipboard(environ, platform).read() == PNG


@pytest.mark.parametrize(
    ("programs", "environ", "platform"),
    [
        ({"wl-paste --no-newline --type text": b"words"}, WAYLAND, "linux"),
        ({"xclip -selection clipboard -o": b"words"}, X11, "linux"),
        ({"xsel": b"words"}, X11, "linux"),
        ({"pbpaste": b"words"}, {}, "darwin"),
        ({"termux-clipboard-get": b"words"}, {}, "linux"),
    ],
)
def test_without_an_image_the_text_is_read(
    programs: dict[str, bytes], environ: dict[str, str], platform: str
) -> None:
    assert Desktop(programs).clipboard(environ, platform).read() == b"words"


def test_without_a_program_it_is_said_what_to_install() -> None:
    for environ, name in ((WAYLAND, "wl-clipboard"), (X11, "xclip"), ({}, "Save the image")):
        with pytest.raises(AttachmentError, match="no program") as caught:
            Desktop({}).clipboard(environ).read()
        assert name in caught.value.hint


def test_an_empty_clipboard_is_said_to_be_empty() -> None:
    for output in (None, b"", b"not base64 !"):
        with pytest.raises(AttachmentError, match="neither an image nor text"):
            Desktop({"powershell.exe -": output}).clipboard({}, "win32").read()


def test_text_is_written_by_the_first_program_that_works() -> None:
    desktop = Desktop({"wl-copy": None, "xclip": b""})
    assert desktop.clipboard(WAYLAND | X11).write("größer\n")
    assert desktop.calls == [
        ("wl-copy", "--type", "text/plain;charset=utf-8"),
        ("xclip", "-selection", "clipboard"),
    ]
    assert desktop.got == "größer\n".encode()


def test_without_a_program_writing_says_so() -> None:
    assert not Desktop({}).clipboard({}).write("x")


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_the_clipboard_of_the_other_computer_is_left_alone(name: str) -> None:
    desktop = Desktop({"pbcopy": b"", "xclip": b""})
    remote = {name: "1 2 3 4"}
    assert desktop.clipboard({}, "darwin").write("x")
    assert not desktop.clipboard(remote, "darwin").write("x")
    assert desktop.clipboard(remote | X11).write("x")


@pytest.mark.skipif(os.name == "nt", reason="uses POSIX scripts")
def test_real_programs_are_run_as_lists_and_may_stay_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = tmp_path / "wl-copy"
    keeper.write_text(f'#!/bin/sh\ncat > "{tmp_path}/kept"\nsleep 6 &\n')
    keeper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert Clipboard("linux", WAYLAND).write("$(touch /tmp/no); 'x'")
    assert (tmp_path / "kept").read_text() == "$(touch /tmp/no); 'x'"


def test_a_program_that_fails_or_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clipboard, "_TIMEOUT_S", 0.2)
    assert run_program((sys.executable, "-c", "raise SystemExit(1)"), None) is None
    assert run_program((sys.executable, "-c", "import time; time.sleep(60)"), None) is None
    assert run_program(("no-such-program-here",), None) is None
    monkeypatch.setattr(clipboard, "_TIMEOUT_S", 20)
    assert run_program((sys.executable, "-c", "print('ok', end='')"), None) == b"ok"


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs")), max_size=3_000))
def test_the_terminal_gets_the_exact_text_through_any_wrapping(text: str) -> None:
    plain = osc52(text)
    assert b64decode(plain.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == text
    wrapped, _, rest = osc52(text, tmux=True).removeprefix("\x1bPtmux;").partition("\x07\x1b\\")
    assert wrapped.startswith("\x1b\x1b]52;")
    assert wrapped.replace("\x1b\x1b", "\x1b") + "\x07" == rest == plain
    pieces = osc52(text, screen=True).split("\x1b\\")[:-1]
    assert "".join(piece.removeprefix("\x1bP") for piece in pieces) == plain
    assert max(map(len, pieces)) <= 768


def test_a_text_too_long_for_terminals_is_refused() -> None:
    assert len(osc52("x" * 75_000)) == 100_008
    with pytest.raises(AttachmentError, match=r"80 kB is too long .* takes 75 kB"):
        osc52("é" * 40_000)
    with pytest.raises(AttachmentError, match="too long"):
        osc52("x" * 75_001)


CODE_POINTS = st.characters(codec="utf-8") | st.sampled_from("\x1b\x07\x9b\r\u202e\u2066\U000e0041")
FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@given(st.text(CODE_POINTS))
def test_no_control_reaches_the_clipboard_and_all_else_does(text: str) -> None:
    copied = inert(text)
    harm = re.compile(
        r"(?![\n\t])[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
    )
    assert not harm.search(copied.replace(FLAG, ""))
    assert copied.replace("\n", "") == harm.sub("", text.replace("\n", ""))
    assert inert(copied) == copied


def test_what_is_copied_keeps_its_tabs_joiners_and_flags() -> None:
    for text in (
        "a\tb\n",
        "👩\u200d💻",
        "می\u200cخواهم",
        FLAG,
        "a\u00a0b\ufeffc\u2028d",
        "\u200f(א)",
    ):
        assert inert(text) == text
    assert inert("\x1b[201~ls\r\nrm\rx") == "[201~ls\nrm\nx"
    desktop = Desktop({"xclip": b""})
    assert desktop.clipboard(X11).write("\x1b[201~x")
    assert desktop.got == b"[201~x"
