import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatrepl.cli import app
from chatrepl.cli.app import completion_script, install_completion
from chatrepl.cli.command_line import read_strictly
from chatrepl.cli.options import Options
from chatrepl.core.errors import StorageError, UsageError


def test_everything_can_be_said_at_once() -> None:
    options = read_strictly(
        ["-qvm", "opus", "-t5", "--image", "a.png", "-a", "b.pdf", "--set=a=b", "hi"]
    )

    assert options == Options(
        prompt=["hi"],
        model="opus",
        max_tokens=5,
        attach=["a.png", "b.pdf"],
        set_=["a=b"],
        quiet=True,
        verbose=True,
    )


@pytest.mark.parametrize(
    "argv", [["--nonesuch"], ["-o", "yaml"], ["-t", "many"], ["-t", "9" * 5000], ["-m"]]
)
def test_mistakes_are_said_in_a_sentence(argv: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        read_strictly(argv)

    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert "Input" not in caught.value.message


@pytest.mark.parametrize("line", ["-t many --help", "--nonesuch -h", "-qh"])
def test_help_is_given_where_the_rest_of_the_line_is_wrong(line: str) -> None:
    assert read_strictly(line.split()).help_


def test_a_word_behind_the_dashes_asks_for_no_help() -> None:
    with pytest.raises(UsageError):
        read_strictly(["--nonesuch", "--", "--help"])


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        ("bash", "complete -o default -F _chatrepl_completion chatrepl"),
        ("zsh", "compdef _chatrepl chatrepl"),
        ("fish", "complete --command chatrepl"),
        ("PowerShell", "Register-ArgumentCompleter -Native -CommandName chatrepl"),
    ],
)
def test_each_shell_gets_the_script_that_is_its_own(shell: str, words: str) -> None:
    script = completion_script(shell)

    assert words in script
    assert "_CHATREPL_COMPLETE=complete_tab" in script or shell == "PowerShell"


def test_the_shell_that_we_run_in_is_found_and_may_be_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "_get_shell_name", lambda: "fish")
    assert "complete --command chatrepl" in completion_script("")
    for name, words in ((None, "without knowing the shell"), ("dash", "for dash")):
        monkeypatch.setattr(app, "_get_shell_name", lambda name=name: name)
        with pytest.raises(UsageError, match=words) as caught:
            completion_script("")
        assert "name one of bash, zsh, fish" in caught.value.message


def test_the_script_is_put_where_the_shell_looks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = tmp_path / ".config/fish/completions/chatrepl.fish"

    assert str(script) in install_completion("fish")
    assert script.read_text(encoding="utf-8") == completion_script("fish")

    assert "~/.zshrc reads it" in install_completion("zsh")
    assert ".zfunc" in (tmp_path / ".zshrc").read_text(encoding="utf-8")

    monkeypatch.setenv("HOME", str(script))
    with pytest.raises(StorageError, match="cannot be written"):
        install_completion("fish")


def test_what_a_shell_asks_is_answered() -> None:
    asked = {"_CHATREPL_LINE": "chatrepl --mod", "_CHATREPL_COMPLETE": "complete_tab"}
    done = subprocess.run(
        [sys.executable, "-m", "chatrepl"], env={**os.environ, **asked},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip

    offers = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert (done.returncode, offers) == (0, ["--model", "--models"])
