from base64 import b64decode
from pathlib import Path

import pytest

from chatrepl.attachments.attach import Attachment, from_bytes, load
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.errors import AttachmentError
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock
from tests.attachments.pictures import pdf, photo, picture, png, saved

LIMITS = AttachmentLimits()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_image_becomes_a_block_with_its_data(folder: Path) -> None:
    data = saved(picture(1280, 720), "PNG")
    (folder / "photo.png").write_bytes(data)
    found = load("photo.png", limits=LIMITS)
    assert isinstance(found.block, ImageBlock)
    assert found.block.source["media_type"] == "image/png"
    assert b64decode(found.block.source["data"]).startswith(b"\x89PNG")
    assert found.chip == "▣ photo.png · PNG 1280×720 · ~1.2k tokens"
    assert found.detail.startswith("PNG 1280×720, ")
    assert found.tokens_estimate == 1_196


def test_the_content_decides_and_not_the_name(folder: Path) -> None:
    (folder / "photo.png").write_bytes(saved(picture(50, 50), "JPEG"))
    block = load("photo.png", limits=LIMITS).block
    assert isinstance(block, ImageBlock)
    assert block.source["media_type"] == "image/jpeg"


def test_a_pdf_becomes_a_document(folder: Path) -> None:
    (folder / "paper.pdf").write_bytes(pdf(12))
    found = load("paper.pdf", limits=LIMITS)
    assert isinstance(found.block, DocumentBlock)
    assert b64decode(found.block.source["data"]) == pdf(12)
    assert found.block.title == "paper.pdf"
    assert found.chip == "▣ paper.pdf · PDF 12 pages · ~27k tokens"


def test_a_text_becomes_a_document(folder: Path) -> None:
    (folder / "notes.md").write_text("one\ntwo\n", encoding="utf-16")
    found = load("./notes.md", limits=LIMITS)
    assert found.block == DocumentBlock.plain("one\ntwo\n", "notes.md")
    assert found.detail == "text, 2 lines, 18 bytes"
    assert found.tokens_estimate == 2


def test_an_address_is_passed_on_without_fetching() -> None:
    image = load("https://a.example/x.png#y", limits=LIMITS)
    assert image.block == ImageBlock.url("https://a.example/x.png")
    assert image.chip == "▣ x.png (a.example) · image by address"
    document = load(" https://a.example/x.pdf ", limits=LIMITS)
    assert document.block == DocumentBlock.url("https://a.example/x.pdf", "x.pdf (a.example)")


def test_where_a_link_leads_is_said(folder: Path) -> None:
    (folder / "real.txt").write_text("x")
    (folder / "link").symlink_to("real.txt")
    assert load("link", limits=LIMITS).note.endswith("real.txt")
    assert load("real.txt", limits=LIMITS).note == ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"\x7fELF\2\1\1\0", "it is a program"),
        (b"<svg/>", "an SVG drawing"),
        (b"\0\0\0\x18ftypheic", "a HEIC photo"),
        (b"PK\3\4", "a ZIP archive"),
        (b"\0\1\2\3", "binary data"),
        (saved(picture(80, 80), "JPEG")[:700], "damaged or incomplete"),
        (pdf(1, b"/Encrypt 1 0 R"), "encrypted"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(folder: Path, data: bytes, why: str) -> None:
    (folder / "file").write_bytes(data)
    for piped in (False, True):
        with pytest.raises(AttachmentError, match=why) as caught:
            from_bytes(data, "file", limits=LIMITS) if piped else load("file", limits=LIMITS)
        assert caught.value.message.startswith("file cannot be attached")
        assert caught.value.exit_code == 2


def test_the_pixels_are_counted_before_the_file_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "bomb.png").write_bytes(png(20_000, 20_000) + bytes(500_000))
    monkeypatch.setattr("chatrepl.attachments.safe_read.SafeFile.read_all", None)
    with pytest.raises(AttachmentError, match="20000×20000") as caught:
        load("bomb.png", limits=LIMITS)
    assert caught.value.exit_code == 5


def test_each_kind_has_its_own_size_limit(folder: Path) -> None:
    small = AttachmentLimits(max_text_bytes=10, max_image_file_bytes=20)
    for name, data in (("a", b"x" * 11), ("b", saved(picture(50, 50), "PNG"))):
        (folder / name).write_bytes(data)
        with pytest.raises(AttachmentError, match="too large") as caught:
            load(name, limits=small)
        assert caught.value.exit_code == 5


def test_a_hostile_name_is_made_visible(folder: Path) -> None:
    name = "a\x1b[31m\u202egnp.txt"
    (folder / name).write_text("x")
    found = load(name, limits=LIMITS)
    assert found.name == "a\\x1b[31m\\u202egnp.txt"
    assert isinstance(found.block, DocumentBlock)
    assert found.block.title == found.name
    with pytest.raises(AttachmentError) as caught:
        load("\x1b]0;x\x07", limits=LIMITS)
    assert caught.value.message.isprintable()


def test_what_is_attached_twice_is_the_same(folder: Path) -> None:
    (folder / "p.jpg").write_bytes(photo("JPEG", 3_000, 2_000))
    one: Attachment = load("p.jpg", limits=LIMITS)
    assert one == load("p.jpg", limits=LIMITS)
    assert one.kind is FileKind.IMAGE
    assert one.note == "scaled down from 3000×2000 to 2352×1568; location data removed"
