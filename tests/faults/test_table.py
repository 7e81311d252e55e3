"""No fault without its test: the table names all of them, and what it names is there."""

import ast
import functools
from pathlib import Path

import pytest

from tests.faults import (
    test_config,
    test_disk,
    test_http,
    test_network,
    test_stop_reasons,
    test_terminal,
)
from tests.faults.home import CANARY, complaint
from tests.faults.table import FAULTS

ROOT = Path(__file__).parent.parent.parent
KINDS = {"N": 23, "H": 7, "S": 5, "T": 12, "D": 8, "C": 4, "I": 4, "K": 1}
PARAMETERS = {
    *test_network.ROWS,
    *test_network.RAW,
    *test_http.ROWS,
    *test_stop_reasons.ROWS,
    *test_config.ROWS,
    *test_disk.DAMAGE,
    *(how for how, _ in test_terminal.WAYS),
}


@functools.cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def is_there(test: str) -> bool:
    """Tell whether a test that is named in the table exists."""
    path, _, rest = test.partition("::")
    name, _, parameter = rest.partition("[")
    known = not parameter or parameter.removesuffix("]") in PARAMETERS
    return (ROOT / path).is_file() and name in functions(path) and known


def test_the_table_holds_every_fault() -> None:
    assert list(FAULTS) == [
        f"{kind}{n}" for kind, most in KINDS.items() for n in range(1, most + 1)
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_tests(fault: str) -> None:
    what, tests = FAULTS[fault]
    assert what
    assert tests
    assert [test for test in tests if not is_there(test)] == []


def test_a_test_that_is_not_there_is_noticed() -> None:
    assert not is_there("tests/faults/test_http.py::test_nothing")
    assert not is_there("tests/faults/test_nowhere.py::test_nothing")
    assert not is_there(next(t for t in FAULTS["H1"][1] if "[H1]" in t).replace("H1", "H99"))


@pytest.mark.parametrize(
    ("out", "err", "word"),
    [
        ("", f"chatrepl: key {CANARY}.", "key"),
        (CANARY[-14:], "", "key"),
        ("", "Traceback (most recent call last)", "traceback"),
        ("", "chatrepl: a\n b\n c\n d\n", "lines"),
        ("", "chatrepl: RateLimitError: no.", "RateLimitError"),
        ("", "chatrepl: [Errno 28] No space.", "Errno"),
        ("", "chatrepl: \x1b[31mred", "control"),
        ("fine", "chatrepl: The name a.example cannot be resolved.\n  Try again.\n", ""),
    ],
)
def test_the_rules_for_what_is_said_can_be_broken(out: str, err: str, word: str) -> None:
    assert (word in complaint(out, err)) if word else complaint(out, err) == ""
