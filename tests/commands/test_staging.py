"""Files staged for the next message."""

from pathlib import Path

import pytest

from chatrepl.commands.registry import REGISTRY
from chatrepl.core.errors import AttachmentError, UsageError
from tests.commands.playing import Player
from tests.data.pictures import PNG


def test_files_are_staged_sent_and_taken_back(tmp_path: Path) -> None:
    picture, text = tmp_path / "a b.png", tmp_path / "t.txt"
    picture.write_bytes(PNG)
    text.write_text("notes")
    player = Player()
    player.do("/image")
    assert "Nothing is staged" in player.heard
    player.do(f"/image '{picture}' {text}")
    assert "a b.png" in player.heard
    player.do("/image")
    assert player.heard.splitlines()[1].startswith("2 ▣ t.txt")
    player.do("/detach 2")
    player.say("demo: say seen")
    kinds = [block.type for block in player.requests[-1].messages[-1].content]
    assert kinds == ["image", "text"]
    assert player.session.next.staged == ()
    assert player.statuses == [200]


def test_an_apostrophe_in_a_name_is_no_quotation_mark(tmp_path: Path) -> None:
    (tmp_path / "it's.txt").write_text("notes")
    player = Player()
    player.do(f"/image {tmp_path}/it's.txt")
    assert [item.name for item in player.session.next.staged] == ["it's.txt"]


def test_good_files_are_staged_and_each_bad_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("notes")
    (tmp_path / "empty.txt").touch()
    player = Player()
    player.do(f"/image {tmp_path}/none.png {tmp_path}/good.txt {tmp_path}/empty.txt")
    assert [item.name for item in player.session.next.staged] == ["good.txt"]
    good, first, second = player.said[-3:]
    assert "good.txt" in good
    assert "none.png" in first
    assert "empty.txt" in second
    player.do(f"/image {tmp_path}/none.png {tmp_path}/empty.txt")
    assert len(player.session.next.staged) == 1
    with pytest.raises(AttachmentError, match=r"none\.png"):
        player.do(f"/image {tmp_path}/none.png")


def test_what_cannot_be_taken_back_is_said(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("notes")
    player = Player()
    player.do("/detach")
    assert player.heard == "Nothing is staged."
    player.do(f"/attach {tmp_path}/t.txt")
    for which in ("2", "0", "x"):
        with pytest.raises(UsageError, match="no staged file"):
            player.do(f"/detach {which}")
    player.do("/detach 1")
    assert "any more" in player.heard
    player.do(f"/file {tmp_path}/t.txt")
    player.do("/detach all")
    assert player.session.next.staged == ()


def test_paths_are_completed(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("notes")
    offered = REGISTRY.complete(Player().session, f"/image {tmp_path}/t")[1]

    assert any(text.endswith("t.txt") for text, _ in offered)
