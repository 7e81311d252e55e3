import os
from pathlib import Path

import pytest

from chatrepl.cli.assemble import assemble, keep_learned, new_session
from chatrepl.cli.learned import LearnedFiles
from chatrepl.cli.options import Options
from chatrepl.core.errors import UsageError
from chatrepl.core.talk.usage import Usage
from chatrepl.core.tokens.learned import Scale, Tally
from tests.cli.given import loaded, settle


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settle(monkeypatch, tmp_path)


def test_a_session_begins_with_what_was_asked_for() -> None:
    session = new_session(Options(prefill="Sure"), loaded("model=opus-5-5"), interactive=True)

    assert session.settings.model == "claude-opus-5-5"
    assert session.next.prefill == "Sure"
    assert session.interactive


def test_a_name_of_several_models_is_refused() -> None:
    with pytest.raises(UsageError):
        new_session(Options(), loaded("model=5-5"), interactive=False)


def test_what_a_session_learns_outlives_it() -> None:
    first = assemble(Options(), loaded("model=claude-haiku-4-5"), interactive=False).session
    first.learn("claude-haiku-4-5", prefill=False)

    again = assemble(Options(), loaded("model=claude-haiku-4-5"), interactive=False).session
    assert again.model.prefill is False


def test_nothing_is_learned_to_disk_where_saving_is_off(tmp_path: Path) -> None:
    session = assemble(Options(), loaded("save=false"), interactive=False).session
    session.learn(session.model.id, prefill=False)

    assert list(tmp_path.iterdir()) == []


def test_how_models_count_is_learned_for_the_next_session_unless_saving_is_off() -> None:
    scales = {"claude-opus-5-5": Scale(900.0, 600.0)}
    first = assemble(Options(), loaded(), interactive=True).session
    off = assemble(Options(), loaded("save=false"), interactive=True).session
    off.edges.keep_scales(scales)
    assert first.edges.scales() == {}

    first.edges.keep_scales(scales)
    again = assemble(Options(), loaded(), interactive=True).session
    assert again.edges.scales() == scales
    assert again.ledger.tally.scales == scales


def test_a_session_that_had_no_reply_keeps_nothing(tmp_path: Path) -> None:
    session = assemble(Options(), loaded(), interactive=True).session
    keep_learned(session)
    assert not list(tmp_path.rglob("scales.json"))

    session.equip(can_count=lambda: True)
    session.books = session.books.paid(Usage(10, 10), None)
    session.ledger.tally = Tally(scales={"claude-opus-5-5": Scale(900.0, 600.0)})
    keep_learned(session)
    assert list(tmp_path.rglob("scales.json"))


@pytest.mark.parametrize("name", ["learned.json", "models.json"])
@pytest.mark.parametrize("make", ["fifo", "endless", "huge"])
def test_what_is_no_small_file_is_not_read(tmp_path: Path, name: str, make: str) -> None:
    path = tmp_path / name
    match make:
        case "fifo":
            os.mkfifo(path)
        case "endless":
            path.symlink_to("/dev/zero")
        case _:
            path.touch()
            os.truncate(path, 10 << 30)
    files = LearnedFiles("https://a.example", tmp_path, tmp_path, keeps=False)
    assert files.catalog() == LearnedFiles("https://a.example", None, None, keeps=False).catalog()


@pytest.mark.parametrize("facts", ["[1]", '{"": [1]}', '{"": {"key_header": ["x"]}}', '"x"', "7"])
def test_facts_of_another_form_teach_nothing(tmp_path: Path, facts: str) -> None:
    for name in ("learned.json", "models.json", "scales.json"):
        (tmp_path / name).write_text(f'{{"https://a.example": {facts}}}')
    files = LearnedFiles("https://a.example", tmp_path, tmp_path, keeps=False)
    assert files.key_header == files.api_version == ""
    assert files.catalog().describe("claude-sonnet-5-5").id == "claude-sonnet-5-5"
    assert isinstance(files.scales(), dict)
