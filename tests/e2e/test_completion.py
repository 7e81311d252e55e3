"""Tab in a real shell: what is begun is finished by what chatrepl knows."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal
from tests.e2e.test_widget import SHELLS

SHARE = Path(__file__).parents[2] / "share"
READY = {
    "bash": 'source chatrepl.bash; PS1="ready> "',
    "zsh": 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; PS1="ready> "',
    "fish": "source chatrepl.fish; function fish_prompt; echo -n 'ready> '; end",
}
LINES = {
    "chatrepl --dry-": "--dry-run",
    "chatrepl --profile=wo": "--profile=work",
    "chatrepl --set=theme=dar": "--set=theme=dark",
    "chatrepl --set web.max_u": "web.max_uses=",
    "chatrepl --out=note": "--out=notes.txt",
    "chatrepl -T git:ab": "-T git:about",
    "chatrepl -s @tw": r"-s @two\\ \\\$words.txt",
    "chatrepl --system=@bin/ch": "--system=@bin/chatrepl",
    "chatrepl --set=system=@bi": "--set=system=@bin/",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_finishes_options_values_and_files(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"NO {shell.upper()} HERE: its completion is not tested")
    own = tmp_path / ".config" / "chatrepl" / "commands" / "git"
    own.mkdir(parents=True)
    (own / "about.md").write_text("What is this?")
    (own.parents[1] / "config.toml").write_text("[profiles.work]\n")
    for path in SHARE.glob("*chatrepl*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for name in ("notes.txt", "two $words.txt"):
        (tmp_path / name).touch()
    program = tmp_path / "bin" / "chatrepl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m chatrepl "$@"\n')
    program.chmod(0o755)
    paths = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    env = {"HOME": str(tmp_path), "PATH": paths, "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    with Terminal(SHELLS[shell], env=env, cwd=tmp_path) as terminal:
        terminal.pump(0.5).send(f"{READY[shell]}\r").wait_for("^ready>$")
        for line, finished in LINES.items():
            terminal.send(f"{line}\t").wait_for(rf"{finished}(?![\w.])")
            terminal.send("\x15").wait_for("^ready>$")
