from pathlib import Path

import pytest

from chatrepl.commands.registry import REGISTRY
from chatrepl.core.settings import Settings
from chatrepl.core.world import Edges
from chatrepl.session.session import Session
from chatrepl.shells.prompt_feeds import complete
from tests.commands.playing import Player
from tests.serving import GivenServers


@pytest.fixture
def session() -> Session:
    return Session(Settings(), Edges(clock=lambda: 0.0, new_id=lambda: "x"))


def _offers(session: Session, text: str) -> dict[str, int]:
    return {c.text: c.start for c in complete(session, text, len(text))}


def test_commands_are_offered_with_what_they_do(session: Session) -> None:
    found = {c.text: c.meta for c in complete(session, "/trun", 5)}

    assert list(found) == ["/truncate "]
    assert "newest turns" in found["/truncate "]


def test_arguments_replace_only_the_last_word(session: Session) -> None:
    assert _offers(session, "/model haiku-4")["claude-haiku-4-5"] == len("/model ")


def test_files_are_offered_after_an_at_sign(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photo.png").touch()
    monkeypatch.chdir(tmp_path)

    assert _offers(session, "look at @ph") == {"photo.png": len("look at @")}


def test_a_blank_in_the_name_of_a_file_is_escaped(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my photo.png").touch()
    monkeypatch.chdir(tmp_path)

    for begun in ("look at @my", "look at @my\\ ph", "/image my", "/image other my\\ p"):
        start = begun.rindex("my")
        assert _offers(session, begun) == {"my\\ photo.png": start}
    assert _offers(session, "/schema my") == {"my photo.png": len("/schema ")}


@pytest.mark.parametrize(
    ("begun", "offers"),
    [
        ("see @ma", {"maps:": "see @"}),
        ("@d", {"down:": "@"}),
        ("see @maps:", {"maps:map://oslo.md": "see @", "maps:map://a\\ b": "see @"}),
        ("see @maps:map://o", {"maps:map://oslo.md": "see @"}),
        ("see @down:", {}),
        ("see @else:", {}),
        ("see @", {}),
    ],
)
def test_servers_and_what_they_serve_are_offered_after_an_at_sign(
    session: Session,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begun: str,
    offers: dict[str, str],
) -> None:
    monkeypatch.chdir(tmp_path)
    servers = GivenServers()
    session.equip(servers=lambda: servers)

    assert _offers(session, begun) == {text: len(before) for text, before in offers.items()}


@pytest.mark.parametrize("text", ["hello", "//tru", "a\n/tru", ""])
def test_plain_text_is_left_alone(session: Session, text: str) -> None:
    assert _offers(session, text) == {}


def test_nothing_is_offered_without_what_it_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go over all that any command offers; a new one without meanings fails here."""
    (tmp_path / "note.txt").write_text("notes")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    chat = Player()
    for line in ("demo: say one", "demo: say two"):
        chat.say(line)
    chat.do("/branch side")
    chat.do("/image note.txt")
    typed = ("", "theme ", "model ", "web ", "md ", "1", "n", "s")
    lines = {f"/{c.name} {words}": c.name for c in REGISTRY.commands for words in typed}
    offered = {
        (name, offer.text): offer.meta
        for line, name in lines.items()
        for offer in complete(chat.session, line, len(line))
    }
    assert [key for key, meaning in offered.items() if not meaning.strip()] == []
    expected = {
        ("model", "claude-opus-5-5"), ("set", "theme"), ("set", "dark"), ("set", "true"),
        ("help", "retry"), ("effort", "high"), ("goto", "side"), ("goto", "2"), ("edit", "1"),
        ("copy", "code"), ("schema", "clear"), ("schema", "note.txt"), ("choose", "clear"),
        ("export", "md"), ("image", "folder/"), ("detach", "1"), ("drop", "2"),
    }  # fmt: skip
    assert expected <= offered.keys()
    assert offered["goto", "2"] == offered["goto", "side"] == "demo: say two"
    assert offered["image", "note.txt"] == "5 bytes"
    assert offered["set", "theme"] == '"auto" · default'
