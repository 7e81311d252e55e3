"""What is printed instead of an answer takes nothing along that would be passed over."""

from pathlib import Path

import pytest

from chatrepl.cli.alone import _ASKS, _PAGES
from chatrepl.cli.options import FLAGS
from chatrepl.cli.start import run
from chatrepl.core.errors import UsageError
from tests.cli.given import settle

WORDY = {"models", "sessions", "usage", "show_completion", "install_completion"}
VALUES = {"export": "md", "widget": "zsh", "listen": "0"}


def said(key: str) -> list[str]:
    flag = FLAGS[key]
    return [flag.names[-1], *([] if flag.kind == "switch" else [VALUES.get(key, "x")])]


def refused(*argv: str) -> str:
    with pytest.raises(UsageError) as error:
        run([*argv, "--demo"])
    assert error.value.exit_code == 2
    assert "\n" not in error.value.message
    return error.value.message


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)


@pytest.mark.parametrize("page", [page for page in _PAGES if page not in WORDY])
def test_a_word_that_a_page_has_no_use_for_is_refused(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(*said(page), "WORD", "more")
    assert FLAGS[page].names[-1] in message
    assert "WORD more" in message
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_goes_with_no_other_and_with_nothing_that_asks(page: str) -> None:
    for other in (*_PAGES, *_ASKS):
        if other == page or (page == "export" and other in {"continue_", "resume"}):
            continue
        message = refused(*said(other), *said(page))
        assert message.endswith("exclude each other.")
        assert all(any(name in message for name in FLAGS[key].names) for key in (page, other))


def test_all_that_is_printed_is_a_page() -> None:
    printed = {key for key, flag in FLAGS.items() if flag.group == "Print and exit"}
    assert printed - set(_PAGES) == {"help_", "by", "live"}


@pytest.mark.parametrize("manner", [["-m", "opus"], ["--raw"], ["-q"], ["-o", "json"], ["-t", "9"]])
def test_an_alias_that_says_how_answers_are_made_spoils_no_page(
    manner: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*manner, "--version"]) == run([*manner, "--sessions", "x"]) == 0
    assert run([*manner, "--help", "WORD"]) == 0
    assert "Usage:" in capsys.readouterr().out


def test_words_choose_among_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--models", "HAIKU", "4-5"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["claude-haiku-4-5"]
    assert run(["--models", "zebra", "-o", "json"]) == run(["--models", "zebra"]) == 0
    assert "No model is called zebra." in capsys.readouterr().err
