"""A picture is what the program shows, and any viewer draws it alike."""

import re
from xml.etree import ElementTree as ET

import pytest

from tests.pictures import FOLDER, PICTURES, drawn


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_what_the_program_shows(name: str) -> None:
    assert (FOLDER / f"{name}.svg").read_text(encoding="utf-8") == drawn(name), "run: make docs"


@pytest.mark.parametrize("name", PICTURES)
def test_every_run_of_text_has_a_width_and_a_font_that_is_everywhere(name: str) -> None:
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    runs = root.findall(".//{*}text")

    assert runs
    assert all(run.get("textLength") and run.get("x") and run.text for run in runs)
    assert [family for family in re.findall('font-family="([^"]*)"', text)
            if not family.endswith(",monospace")] == []  # fmt: skip
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
