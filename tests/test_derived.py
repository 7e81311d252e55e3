"""What is derived from the code is current."""

import re

import pytest

from chatrepl.core.result import Result
from tests.derive import REFERENCE, ROOT, TABLES, derived

DERIVED = derived()


@pytest.mark.parametrize("name", DERIVED)
def test_derived_files_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == DERIVED[name], "run: make docs"


def test_the_reference_has_a_place_for_every_table() -> None:
    text = (ROOT / REFERENCE).read_text(encoding="utf-8")

    assert [name for name in TABLES if f"<!-- {name} -->\n| " not in text] == []


def test_the_readme_is_one_that_a_newcomer_reads() -> None:
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("\n") <= 200


def test_the_reference_names_every_key_of_a_result() -> None:
    text = (ROOT / REFERENCE).read_text(encoding="utf-8")
    rows = text.partition("| key | is |\n")[2].partition("\n\n")[0].splitlines()[1:]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])]

    assert sorted(keys) == sorted(Result().to_wire())
