"""SECURITY.md names what there is: the files that a day leaves behind, the settings, the flags."""

import fnmatch
import re
from pathlib import Path

from chatrepl.cli.options import FLAGS
from chatrepl.core.settings import OPTIONS
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from tests.e2e.piped import Desk
from tests.e2e.test_chat import chat

ROOT = Path(__file__).parent.parent
NOTES = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`]+)`", NOTES)


def test_every_file_that_is_written_is_named(tmp_path: Path) -> None:
    with chat(tmp_path) as c:
        c.say("demo: say hello")
        c.terminal.keys("c-d")
        assert c.terminal.wait_exit() == 0
    with serve(Engine()) as served:
        Desk(tmp_path, served).run("hello", "--save", "mine")
        Desk(tmp_path, served).run("--models")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    patterns = [f"*/{word}" for word in QUOTED if "." in word or word == "history"]
    assert len(left) >= 4
    unnamed = [p for p in left if not any(fnmatch.fnmatch(str(p), one) for one in patterns)]
    assert unnamed == []


def test_nothing_is_written_where_nothing_is_to_be(tmp_path: Path) -> None:
    with serve(Engine()) as served:
        desk = Desk(tmp_path, served)
        assert desk.run("hello", "--no-save").code == 0
        assert desk.run("hello", "--set", "save=false").code == 0
    assert desk.files == []


def test_settings_flags_and_variables_are_spelt_right() -> None:
    flags = {name for flag in FLAGS.values() for name in flag.names}
    assert {word for word in QUOTED if re.fullmatch(r"-{1,2}[a-z-]+", word)} <= flags
    settings = {"base_url", "headers", "api_key_command", "allow_http", "keep_hidden"}
    assert settings <= OPTIONS.keys()
    assert all(f"`{name}`" in NOTES for name in settings)


def test_the_readme_points_to_it() -> None:
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_threat_is_held_by_tests_that_are_there() -> None:
    page = (ROOT / "docs" / "TESTING.md").read_text(encoding="utf-8")
    rows = page.partition("| threat | held by |")[2].partition("\n\n")[0].splitlines()[2:]
    places = [re.findall(r"`([\w/]*test_\w+)`", row) for row in rows]
    assert len(places) > 15
    assert all(places)
    assert all((ROOT / "tests" / f"{place}.py").is_file() for row in places for place in row)
