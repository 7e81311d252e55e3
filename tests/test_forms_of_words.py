"""In a pipe words name options, in a chat commands: held over every sentence in the sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatrepl.cli.options import FLAGS
from chatrepl.core.words import COMMANDS, for_a_shell

ROOT = Path(__file__).parent.parent / "chatrepl"
# What a chat alone shows; the rest may come to a pipe, through `for_a_shell` or as it stands.
OF_A_CHAT = [
    *sorted((ROOT / "commands").glob("*.py")),
    *(ROOT / "shells" / name for name in ("repl.py", "replies.py")),
]
OF_BOTH = [
    *(path for room in ("api", "attachments", "core", "session", "storage")
      for path in sorted((ROOT / room).rglob("*.py"))),
    ROOT / "turn.py", ROOT / "aside.py",
]  # fmt: skip
COMMAND = re.compile(rf"(?<![\w/])/({'|'.join(COMMANDS)})\b(?![/\w])")
OPTIONS = {name for flag in FLAGS.values() for name in flag.names} - {"--by"}  # /usage has it, too
OPTION = re.compile(
    "|".join(rf"(?<!chatrepl )(?<![\w-]){name}(?![\w-])" for name in OPTIONS if "--" in name)
)


def sentences(path: Path) -> Iterator[str]:
    """Give the texts of a module that people may read, with `x` for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
             for part in node.values}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in docs | parts:
            yield from [node.value] if isinstance(node.value, str) and " " in node.value else []


@pytest.mark.parametrize("path", OF_A_CHAT, ids=lambda path: path.name)
def test_a_chat_is_told_of_commands_and_of_no_option(path: Path) -> None:
    assert [text for text in sentences(path) if OPTION.search(text)] == []


@pytest.mark.parametrize("path", OF_BOTH, ids=lambda path: path.name)
def test_what_is_said_in_a_pipe_names_no_command_of_a_chat(path: Path) -> None:
    told = (for_a_shell(text) for text in sentences(path) if "(?" not in text)
    assert [text for text in told if COMMAND.search(text)] == []


@pytest.mark.parametrize("path", OF_BOTH, ids=lambda path: path.name)
def test_what_is_left_of_it_in_a_pipe_is_a_sentence_that_says_nothing_twice(path: Path) -> None:
    cut = [(text, for_a_shell(text)) for text in sentences(path) if COMMAND.match(text)]
    assert [told for _, told in cut if told and not re.match(r"[A-Z`]|chatrepl --", told)] == []
    assert [told for _, told in cut if told.count("chatrepl --") > 1] == []
