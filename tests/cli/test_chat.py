"""What the chat shows first; the rest is checked on a real terminal in tests/e2e."""

import sys
from pathlib import Path

from tests.e2e.terminal import Terminal


def test_without_a_key_the_demo_says_so_and_ctrl_d_leaves(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": ""}
    with Terminal([sys.executable, "-m", "chatrepl"], columns=70, rows=24, env=env) as terminal:
        terminal.wait_for("^No API key was found")
        terminal.wait_for("^› Ask anything")
        assert terminal.everything().startswith("chatrepl ")
        terminal.keys("c-d")
        assert terminal.wait_exit() == 0
        assert terminal.tty_is_sane()
