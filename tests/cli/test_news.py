"""What is new is said once, at the first chat after an update."""

from pathlib import Path

import pytest

from chatrepl import __version__
from chatrepl.cli.news import NEWS, VERSION_FILE, changes, news
from chatrepl.storage.paths import Folders


def _folders(home: Path) -> Folders:
    return Folders(home / "state", home / "config", home / "cache")


@pytest.mark.parametrize(
    "left", [{"history": "+hi"}, {VERSION_FILE: "0.1.9\n"}, {VERSION_FILE: "?"}]
)
def test_it_is_said_once_after_an_update(tmp_path: Path, left: dict[str, str]) -> None:
    (tmp_path / "state").mkdir()
    for name, text in left.items():
        (tmp_path / "state" / name).write_text(text, encoding="utf-8")
    first, second = (news(_folders(tmp_path), save=True) for _ in range(2))

    assert first.startswith(f"New in {__version__}: ")
    assert "--changes" in first
    assert second == ""


def test_the_first_version_of_all_has_nothing_new_about_it(tmp_path: Path) -> None:
    assert news(_folders(tmp_path), save=True) == ""
    assert (tmp_path / "state" / VERSION_FILE).read_text(encoding="utf-8") == f"{__version__}\n"
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_where_nothing_is_kept_nothing_is_said_or_written(tmp_path: Path) -> None:
    assert news(_folders(tmp_path), save=False) == ""
    assert not (tmp_path / "state").exists()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "history").write_text("", encoding="utf-8")
    (tmp_path / "state" / VERSION_FILE).mkdir()
    assert news(_folders(tmp_path), save=True) == ""


def test_the_words_are_of_this_version_and_the_list_goes_with_it() -> None:
    assert NEWS.startswith(f"{__version__}: ")
    assert changes().startswith("# Changelog")
