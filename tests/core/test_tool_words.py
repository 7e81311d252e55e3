"""The question before a call: whatever the call holds, it asks one thing and names its answers."""

import json
import random
import re

import pytest

from chatrepl.core.talk.arguments import arguments
from chatrepl.core.tool_words import run_question, whole_call
from chatrepl.core.tools import Tool, ToolCall
from chatrepl.terminal.sanitize.text import one_line

ANSWERS = "? [y]es [a]lways in this chat [N]o [v]iew all"
PIECES = (
    "notes.txt", "? [y]es", "[y]es [a]lways in this chat [N]o", "\x1b[2J", "\u202e", "\x9b31m",
    "\n\r", "\u200b", "\uff3d", "\uff3by\uff3des", "y\n", '"', "\\", "\u2019", "\ud800",
    "\U000e0041", "é", "日本", "a" * 400, "Run clock? ", "\0", "\x07", "\u2028", "|",
    "\u0301" * 40, "[Y]", "[ y ]", "rm -rf /", "$(x)",
)  # fmt: skip


def hostile(rng: random.Random, depth: int = 0) -> object:
    """Make a value that wants to look like something else."""
    match rng.randrange(8 if depth < 3 else 5):
        case 0 | 1 | 2:
            return "".join(rng.choices(PIECES, k=rng.randrange(1, 4)))
        case 3:
            return rng.choice([0, -1, 1e300, True, None, 10**40])
        case 4:
            return ""
        case 5:
            return [hostile(rng, depth + 1) for _ in range(rng.randrange(4))]
        case _:
            return {
                "".join(rng.choices(PIECES, k=2)): hostile(rng, depth + 1)
                for _ in range(rng.randrange(4))
            }


@pytest.mark.parametrize("seed", range(10))
def test_nothing_in_a_call_forges_the_question(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(1000):
        given = {"path": hostile(rng), "".join(rng.choices(PIECES, k=2)): hostile(rng)}
        question = run_question(ToolCall("1", str(hostile(rng)), given))
        assert question.endswith(ANSWERS)
        head = question.removesuffix(ANSWERS)
        for answer in ("[y]", "[a]", "[N]", "[v]", "[Y]", "\uff3b"):
            assert answer not in head
        assert one_line(question, 400) == question  # nothing is left to be made visible or cut
        assert question.isprintable()
        assert all(char.isascii() or char.isalnum() or char == "…" for char in question)


def test_the_question_is_what_the_contract_says() -> None:
    assert run_question(ToolCall("1", "read_file", {"path": "notes.txt"})).startswith(
        "Run read_file path=notes.txt? [y]es [a]lways in this chat [N]o"
    )
    assert run_question(ToolCall("1", "clock")).startswith("Run clock? [y]es")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, ""),
        ({"path": "a b.txt"}, 'path="a b.txt"'),
        ({"n": 3, "deep": True, "x": None}, "n=3 deep=true x=null"),
        ({"list": [1, "two"]}, 'list=[1,"two"]'),
        ({"text": "x" * 100}, f"text={json.dumps('x' * 60 + '…', ensure_ascii=False)}"),
        ({"text": 'say "hi"'}, r'text="say \"hi\""'),
        ({"text": "a\u202eb"}, r'text="a\u202eb"'),
        ({"text": "[y]es"}, r'text="\u005by]es"'),
        ({"a[0]": "b[x]"}, r'"a[0]"="b\u005bx]"'),
        ({"größe": "日本"}, "größe=日本"),
        ([1, 2], "[1,2]"),
    ],
)
def test_arguments_are_written_shortly(given: object, line: str) -> None:
    assert arguments(given) == line


def test_a_megabyte_of_arguments_costs_no_more_than_a_line() -> None:
    assert len(arguments({"text": "y" * 10**6, "rest": [{"k": "v" * 10**6}] * 1000})) < 200
    assert len(arguments({str(n): n for n in range(10**5)})) < 200


def test_all_of_a_call_is_there_for_who_wants_to_see_it() -> None:
    call = ToolCall("1", "read_file", {"text": "x" * 5000, "path": "é"})
    words = whole_call(Tool("read_file", "", {}, source="files"), call)
    assert words.startswith("read_file of files\n")
    assert json.loads(words.partition("\n")[2]) == dict(call.input)


def test_a_question_is_one_sentence_of_letters_each_once() -> None:
    question = run_question(ToolCall("1", "x", {}))
    assert re.findall(r"\[(\w)\]", question) == ["y", "a", "N", "v"]
