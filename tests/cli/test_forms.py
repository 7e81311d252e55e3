import json
import os
from pathlib import Path

import pytest

from chatrepl.cli.forms import check_of, form_of
from chatrepl.cli.options import Options
from chatrepl.core.errors import UsageError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 2}}}


def test_a_schema_is_read_from_a_file_or_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")

    forms = [form_of(Options(schema=said)) for said in (str(path), f" {json.dumps(SCHEMA)}")]

    assert forms[0] == forms[1]
    check = check_of(forms[0])
    assert check is not None
    assert check({"n": 2}) is None
    assert "minimum" in str(check({"n": 1}))


def test_no_form_is_asked_for_by_default() -> None:
    assert form_of(Options()) is None
    assert check_of(None) is None


def test_choices_are_parted_by_commas() -> None:
    form = form_of(Options(choose=" yes, no,,yes "))

    assert form is not None
    assert form.choices == ("yes", "no")
    assert check_of(form) is None


@pytest.mark.parametrize("choose", ["", "one", "one,one", ","])
def test_one_choice_is_none(choose: str) -> None:
    with pytest.raises(UsageError, match="at least two"):
        form_of(Options(choose=choose))


def test_unreadable_schemas_are_refused_in_words(tmp_path: Path) -> None:
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"title": "\xe9"}')
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 1_000_001)

    os.mkfifo(tmp_path / "fifo")

    for said in (
        "",
        str(tmp_path / "fifo"),
        "/dev/null",
        str(latin),
        str(large),
        str(tmp_path),
        str(tmp_path / "none"),
        "a\0b",
        "~x/y",
    ):
        with pytest.raises(UsageError):
            form_of(Options(schema=said))
