"""The recipes of the docs, as they stand there, with a service that is strict."""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import ROOT, Desk

RECIPES = {
    name: re.sub(r"(?m)^    ", "", script)
    for name, script in re.findall(
        r"## ([^\n]+)\n\n<!-- run -->\n\n((?:    [^\n]+\n)+)", (ROOT / "docs/each.md").read_text()
    )
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with serve(Engine()) as served:
        yield Desk(tmp_path, served)


def run(desk: Desk, recipe: str) -> "subprocess.CompletedProcess[str]":
    files = {
        "tickets.csv": 'id,text\n1,"No invoice, again"\n2,It crashes\n',
        "texts.jsonl": '{"text": "one"}\n{"text": "two"}\n',
        "graded.jsonl": '{"question": "2+2", "answer": "4", "right": "yes"}\n',
    }
    for name, text in files.items():
        (desk.home / name).write_text(text)
    (desk.home / "scans").mkdir()
    for name in "ab":
        Image.new("RGB", (8, 8), "red").save(desk.home / "scans" / f"{name}.png")
    ours = f'chatrepl() {{ "{sys.executable}" -m chatrepl "$@"; }}\n'
    return subprocess.run(
        ["sh", "-ec", ours + RECIPES[recipe]],
        capture_output=True, text=True, env=desk.env(), cwd=desk.home, check=False, timeout=120,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text())))


def test_a_table_is_classified(desk: Desk) -> None:
    done = run(desk, "Classify a table")
    assert done.returncode == 0, done.stderr
    header, *rows = table(desk.home / "classified.csv")
    assert header == ["id", "text", "topic", "urgent"]
    assert [row[:2] for row in rows] == [["1", "No invoice, again"], ["2", "It crashes"]]
    assert all(row[2] in {"billing", "bug", "other"} for row in rows)


def test_scans_become_a_table(desk: Desk) -> None:
    done = run(desk, "Extract from a folder of scans")
    assert done.returncode == 0, done.stderr
    header, *rows = table(desk.home / "dates.csv")
    assert header == ["input", "date", "city"]
    assert [row[0] for row in rows] == ["scans/a.png", "scans/b.png"]
    assert {block["type"] for body in desk.bodies for block in body["messages"][0]["content"]} == {
        "image", "text",
    }  # fmt: skip


def test_objects_are_translated(desk: Desk) -> None:
    done = run(desk, "Translate a file of objects")
    assert done.returncode == 0, done.stderr
    lines = (desk.home / "german.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"] for line in lines] == [{"text": "one"}, {"text": "two"}]


def test_answers_are_graded(desk: Desk) -> None:
    done = run(desk, "Grade answers")
    assert done.returncode == 0, done.stderr
    assert "of 1 right" in done.stderr


def test_a_batch_writes_what_single_requests_do(desk: Desk) -> None:
    done = run(desk, "The same as a batch")
    assert done.returncode == 0, done.stderr
    lines = (desk.home / "batch.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"] for line in lines] == [{"text": "one"}, {"text": "two"}]


def test_each_recipe_is_tried() -> None:
    assert len(RECIPES) == 5
