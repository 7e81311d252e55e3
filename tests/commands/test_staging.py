"""Files staged for the next message."""

from pathlib import Path

import pytest

from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import AttachmentError, UsageError
from tests.attachments.pictures import picture, saved
from tests.commands.playing import Player
from tests.data.pictures import PNG


def test_files_are_staged_sent_and_taken_back(tmp_path: Path) -> None:
    picture, text = tmp_path / "a b.png", tmp_path / "t.txt"
    picture.write_bytes(PNG)
    text.write_text("notes")
    player = Player()
    player.do("/image")
    assert "No file is attached" in player.heard
    player.do(f"/image '{picture}' {text}")
    assert "a b.png" in player.heard
    player.do("/image")
    assert player.heard.splitlines()[1].startswith("2 ▣ t.txt")
    offers = complete_line(player.session, "/detach ")[1]
    assert [number for number, _ in offers] == ["1", "2", "all"]
    assert complete_line(player.session, "/detach a")[1] == [("all", "all of these")]
    assert complete_line(player.session, "/detach 2")[1] == offers[1:2]
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
    assert player.heard == "No file is attached. /image PATH attaches one."
    player.do(f"/attach {tmp_path}/t.txt")
    for which in ("2", "0", "x"):
        with pytest.raises(UsageError, match="no attached file"):
            player.do(f"/detach {which}")
    player.do("/detach 1")
    assert "any more" in player.heard
    player.do(f"/file {tmp_path}/t.txt")
    player.do("/detach all")
    assert player.session.next.staged == ()


def test_paths_are_completed(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("notes")
    offered = complete_line(Player().session, f"/image {tmp_path}/t")[1]

    assert any(text.endswith("t.txt") for text, _ in offered)


def test_a_path_with_blanks_needs_no_quotes_and_words_behind_it_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "Holiday pictures"
    folder.mkdir()
    (folder / "first day.txt").write_text("notes")
    player = Player()
    player.do(f"/image {folder}/first day.txt what is this")
    assert [item.name for item in player.session.next.staged] == ["first day.txt"]
    assert player.drafts == ["what is this"]
    player.do(f"/image {folder}/first day.txt")
    assert "attached already" in player.heard
    assert len(player.session.next.staged) == 1
    with pytest.raises(AttachmentError, match="no such thing"):
        player.do("/image no such thing")


@pytest.mark.parametrize("agree", [True, False])
def test_folders_and_patterns_are_counted_and_asked_about(tmp_path: Path, agree: bool) -> None:
    for n in range(6):
        (tmp_path / f"{n}.txt").write_text(f"notes {n}")
    (tmp_path / "b.zip").write_bytes(b"PK\3\4" + b"\0" * 40)
    (tmp_path / "server.pem").write_text("key")
    player = Player(agree=agree)
    player.do(f"/image {tmp_path}")
    preview = next(words for words in player.said if words.startswith("▣ 7 files"))
    assert "tokens: 0.txt, 1.txt, 2.txt, 3.txt and 3 more." in preview
    assert "1 cannot be attached" in preview
    assert "server.pem is named like a key." in preview
    assert len(player.session.next.staged) == (7 if agree else 0)
    player.do(f"/image {tmp_path}/0*")
    assert any(words.startswith("▣ 1 file ·") for words in player.said)
    player.do(f"/image {tmp_path}/*.zip")
    assert "None of 1" in player.heard


@pytest.mark.parametrize("agree", [True, False])
def test_what_may_be_a_key_is_asked_about(tmp_path: Path, agree: bool) -> None:
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / "a.txt").write_text("notes")
    player = Player(agree=agree)
    player.do(f"/image {tmp_path}/.env {tmp_path}/a.txt")
    names = [item.name for item in player.session.next.staged]
    assert names == (["a.txt", ".env"] if agree else ["a.txt"])


def test_what_is_too_much_for_one_request_is_not_staged(tmp_path: Path) -> None:
    for n in range(21):
        (tmp_path / f"{n}.png").write_bytes(saved(picture(2_001, 10 + n), "PNG"))
    player = Player()
    with pytest.raises(AttachmentError, match="more than 20 images"):
        player.do(f"/image {tmp_path}/*.png")
    assert player.session.next.staged == ()
