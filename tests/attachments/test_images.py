import random
import sys
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from chatrepl.attachments import sniff, strip
from chatrepl.attachments.images import check_size, prepare
from chatrepl.attachments.limits import AttachmentLimits, limits_of
from chatrepl.core.errors import AttachmentError
from chatrepl.core.models import find
from tests.attachments.pictures import (
    FORMS,
    SECRET,
    chunk,
    exif,
    opened,
    photo,
    picture,
    png,
    saved,
)  # fmt: skip

HIGH = AttachmentLimits()
STANDARD = limits_of(find("claude-haiku-4-5"))
ALL_FORMS = (*FORMS, "GIF")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("width", [64, 3_000])
def test_no_place_and_no_name_is_sent(form: str, width: int) -> None:
    data = photo(form, width)
    sent = prepare(data, "photo", HIGH)
    assert SECRET in data
    assert SECRET not in sent.data
    assert not opened(sent.data).getexif()
    assert not {"exif", "xmp", "comment", "icc_profile"} & opened(sent.data).info.keys()
    assert "location data removed" in sent.note


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_sent_upright(form: str, orientation: int) -> None:
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    upright = picture(64, 48)
    turned = upright if undo is None else upright.transpose(undo)
    marked = Image.Exif()
    marked[0x0112] = orientation
    sent = prepare(saved(turned, form, exif=marked), "photo", HIGH)
    assert sent.size == (64, 48)
    shown = ImageChops.difference(opened(sent.data).convert("RGB"), upright)
    assert max(ImageStat.Stat(shown).mean) < 6


@pytest.mark.parametrize("form", FORMS)
def test_a_large_image_is_scaled_to_its_tier(form: str) -> None:
    data = saved(picture(2_800, 2_100), form, method=0)
    for limits, size in ((HIGH, (2_212, 1_659)), (STANDARD, (1_270, 952))):
        sent = prepare(data, "x", limits)
        assert opened(sent.data).size == sent.size == size
        assert sent.tokens <= limits.max_image_tokens
        assert "scaled down from 2800×2100" in sent.note
        assert sniff.sniff(sent.data) is sent.type


@pytest.mark.parametrize("form", FORMS)
def test_an_image_within_the_limits_keeps_every_pixel(form: str) -> None:
    data = saved(picture(800, 600), form)
    sent = prepare(data, "x", HIGH)
    assert ImageChops.difference(opened(sent.data), opened(data)).getbbox() is None
    assert len(sent.data) <= len(data)
    assert sent.note == ""


def test_the_same_file_gives_the_same_bytes() -> None:
    for form in ALL_FORMS:
        data = saved(picture(600, 400), form)
        limits = AttachmentLimits(max_edge_px=300)
        assert prepare(data, "x", limits).data == prepare(data, "x", limits).data


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_of_a_moving_picture_the_first_frame_is_sent_and_this_is_said(form: str) -> None:
    frames = [picture(90, 60), picture(90, 60).rotate(180), picture(90, 60)]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:], lossless=True)
    sent = prepare(data, "x", HIGH)
    assert not getattr(opened(sent.data), "is_animated", False)
    assert "only the first frame" in sent.note
    shown = ImageChops.difference(opened(sent.data).convert("RGB"), frames[0])
    assert max(ImageStat.Stat(shown).mean) < 4


@pytest.mark.parametrize("form", ALL_FORMS)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_truncated_image_is_refused(form: str, share: float) -> None:
    data = saved(Image.effect_noise((200, 200), 50).convert("RGB"), form)
    with pytest.raises(AttachmentError, match="damaged or incomplete") as caught:
        prepare(data[: int(len(data) * share)], "x", HIGH)
    assert caught.value.exit_code == 2


def _scans() -> bytes:
    data = saved(picture(3_000, 3_000), "JPEG", progressive=True, subsampling=0)
    return data[:-2] + data[data.rfind(b"\xff\xda") : -2] * 2_000 + b"\xff\xd9"


def _giant_jpeg() -> bytes:
    data = bytearray(saved(picture(9, 9), "JPEG"))
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


BOMBS: dict[str, Callable[[], bytes]] = {
    "100 million pixels in a kilobyte": lambda: png(10_000, 10_000, colour=0),
    "400 million pixels": lambda: png(20_000, 20_000),
    "a line of 40 million": lambda: png(40_000_000, 1),
    "36 million blank pixels": lambda: png(6_000, 6_000, rows=bytes(6_001) * 600, colour=0),
    "a JPEG of 4 billion": _giant_jpeg,
    "a JPEG of 2000 scans": _scans,
    "a blank WebP": lambda: saved(Image.new("RGB", (4_000, 3_500)), "WEBP", method=0),
    "a blank GIF": lambda: saved(Image.new("P", (4_100, 4_000)), "GIF"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_is_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = BOMBS[name]()
    monkeypatch.setattr("PIL.Image.open", None)
    with pytest.raises(AttachmentError, match="too large") as caught:
        prepare(data, "x", HIGH)
    assert caught.value.exit_code == 5


def test_packed_text_and_profiles_are_never_unpacked() -> None:
    flat = b"".join(b"\0" + b"\x40" * 30 for _ in range(10))
    packed = b"k\0\0" + b"x\x9c" + b"\xff" * 50
    more = chunk(b"iCCP", packed) + chunk(b"zTXt", packed)
    assert prepare(png(10, 10, rows=flat, more=more), "x", HIGH).size == (10, 10)


def test_a_head_is_enough_to_refuse() -> None:
    with pytest.raises(AttachmentError, match="20000×20000"):
        check_size(png(20_000, 20_000)[:40], "x")
    check_size(png(20, 20)[:40], "x")
    check_size(b"\xff\xd8\xff\xe0", "x")


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_damaged_image_is_sent_or_refused_and_nothing_else(form: str) -> None:
    chance = random.Random(form)
    data = photo(form) if form != "GIF" else saved(picture(64, 48), "GIF")
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(4, len(broken))] = chance.randrange(256)
        try:
            prepare(bytes(broken), "x", HIGH)
        except AttachmentError:
            continue


def test_a_palette_image_without_a_palette_is_refused() -> None:
    with pytest.raises(AttachmentError, match="damaged"):
        prepare(png(9, 9, rows=bytes(10) * 9, colour=3), "x", AttachmentLimits(max_edge_px=5))


def test_sixteen_bits_and_inks_are_made_plain() -> None:
    grey = Image.new("I;16", (40, 40), 0x8000)
    assert opened(prepare(saved(grey, "PNG"), "x", HIGH).data).mode == "L"
    inks = saved(picture(40, 40, "CMYK"), "JPEG")
    assert opened(prepare(inks, "x", HIGH).data).mode == "RGB"


@pytest.mark.parametrize(
    ("width", "height"), [(8_000, 5_001), (5_001, 8_000), (65_536, 1), (1, 65_536)]
)
def test_the_limits_are_of_the_pixels_and_of_the_longer_side(width: int, height: int) -> None:
    with pytest.raises(AttachmentError, match=f"{width}×{height}"):
        check_size(png(width, height)[:40], "x")


@pytest.mark.parametrize(
    ("width", "height"), [(8_000, 5_000), (5_000, 8_000), (65_535, 1), (1, 65_535)]
)
def test_what_just_meets_the_limits_is_taken(width: int, height: int) -> None:
    check_size(png(width, height)[:40], "x")


FOREIGN = ("BMP", "TIFF", "ICO", "AVIF")


@pytest.mark.parametrize("form", FOREIGN)
def test_other_formats_are_converted_and_this_is_said(form: str) -> None:
    image = picture(64, 64)
    sent = prepare(saved(image, form), "x", HIGH)

    assert sent.type in {sniff.PNG, sniff.JPEG}
    assert sent.size == (64, 64)
    assert sent.note == f"converted from {form}"
    difference = ImageChops.difference(opened(sent.data).convert("RGB"), image)
    assert max(ImageStat.Stat(difference).mean) < 4


@pytest.mark.parametrize("form", ["TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_other_formats_are_sent_upright_and_without_a_place(form: str, orientation: int) -> None:
    data = saved(picture(64, 48), form, exif=exif(orientation))
    assert SECRET in data
    sent = prepare(data, "x", HIGH)

    assert sent.size == ((48, 64) if orientation in {6, 8} else (64, 48))
    assert SECRET not in sent.data
    assert ("location data removed" in sent.note) == (form == "AVIF")  # Pillow writes none in TIFF


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16", "F", "LA"])
def test_a_tiff_of_any_kind_is_read(mode: str) -> None:
    image = picture(40, 30).convert("L").convert(mode)
    assert prepare(saved(image, "TIFF"), "x", HIGH).size == (40, 30)


def test_of_several_pages_the_first_is_sent() -> None:
    data = saved(picture(40, 30), "TIFF", save_all=True, append_images=[picture(40, 30)])
    assert "only the first" in prepare(data, "x", HIGH).note


@pytest.mark.parametrize("form", FOREIGN)
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_other_formats_that_end_early_are_refused_in_words(form: str, share: float) -> None:
    data = saved(Image.effect_noise((200, 200), 50).convert("RGB"), form)
    with pytest.raises(AttachmentError):
        prepare(data[: int(len(data) * share)], "x", HIGH)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FOREIGN), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_other_formats_that_are_damaged_are_sent_or_refused(
    form: str, at: int, hurt: bytes
) -> None:
    data = bytearray(saved(picture(20, 20), form))
    data[at : at + len(hurt)] = hurt
    if sniff.sniff(bytes(data)).kind is not sniff.FileKind.IMAGE:
        return
    with suppress(AttachmentError):
        prepare(bytes(data), "x", HIGH)


def test_bombs_in_other_formats_are_refused() -> None:
    tiff = saved(Image.new("1", (9_000, 9_000)), "TIFF", compression="tiff_deflate")
    icon = bytearray(saved(picture(16, 16), "ICO"))
    at = icon.find(b"IHDR")
    icon[at + 4 : at + 12] = b"\0\0\x20\0" * 2
    for data in (tiff, bytes(icon)):
        with pytest.raises(AttachmentError):
            prepare(data, "x", HIGH)


def test_a_heic_photo_is_converted_or_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    with pytest.raises(AttachmentError, match="HEIC") as caught:
        prepare(data, "x", HIGH)
    assert "pillow-heif" in caught.value.hint
    learnt: list[bool] = []
    plugin = ModuleType("pillow_heif")
    monkeypatch.setattr(plugin, "register_heif_opener", lambda: learnt.append(True), raising=False)
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    with pytest.raises(AttachmentError, match="damaged"):
        prepare(data, "x", HIGH)
    assert learnt


def _striped(width: int, height: int) -> Image.Image:
    """Draw a page whose shade tells how far down one is."""
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")


@pytest.mark.parametrize("size", [(1200, 12_000), (1440, 9_000), (1080, 4_000), (9_000, 1_200)])
@pytest.mark.parametrize("limits", [HIGH, AttachmentLimits(1568, 1568)])
def test_a_long_picture_is_cut_into_pieces_that_stay_readable(
    size: tuple[int, int], limits: AttachmentLimits
) -> None:
    is_tall = size[0] < size[1]
    image = _striped(min(size), max(size))
    image = image if is_tall else image.rotate(90, expand=True)
    sent = prepare(saved(image, "PNG"), "x", limits)

    assert 2 <= len(sent.pieces) <= 10
    assert f"cut into {len(sent.pieces)} pieces" in sent.note
    for piece in sent.pieces:
        assert min(piece.size) >= 0.6 * min(size)
        assert max(piece.size) <= limits.max_edge_px
        assert piece.tokens <= limits.max_image_tokens
    total = sum(max(piece.size) for piece in sent.pieces)
    assert total >= max(size) * min(sent.pieces[0].size) / min(size)  # nothing is left out


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("tall", [True, False])
def test_pieces_come_in_the_order_in_which_they_are_read(orientation: int, tall: bool) -> None:
    upright = _striped(300, 3_000)
    upright = upright if tall else upright.transpose(Image.Transpose.TRANSPOSE)
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's names of what undoes each
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation]))
    sent = prepare(saved(stored, "PNG", exif=exif(orientation)), "x", AttachmentLimits(800, 784))

    shades = [ImageStat.Stat(opened(piece.data).convert("L")).mean[0] for piece in sent.pieces]
    assert len(shades) > 2
    assert shades == sorted(shades)


@pytest.mark.parametrize("size", [(500, 60_000), (200, 65_000)])
def test_what_is_too_long_to_stay_readable_is_said_to_be(size: tuple[int, int]) -> None:
    sent = prepare(saved(_striped(*size), "PNG"), "x", AttachmentLimits(1568, 1568))
    assert f"scaled down from {size[0]}×{size[1]} to " in sent.note
    assert "unreadable" in sent.note


def test_a_photo_is_not_cut() -> None:
    sent = prepare(saved(picture(3_000, 2_000), "JPEG"), "x", AttachmentLimits(1568, 1568))
    assert sent.pieces == ()
    assert "unreadable" not in sent.note


def _riff(data: bytes, more: bytes) -> bytes:
    return b"RIFF" + (len(data) - 8 + len(more)).to_bytes(4, "little") + data[8:] + more


MANY = 600_000
COSTLY: dict[str, Callable[[bytes], bytes]] = {
    "PNG": lambda data: data[:33] + chunk(b"tEXt", b"") * MANY + data[33:],
    "PNG of empty pixels": lambda data: data[:33] + chunk(b"IDAT", b"") * MANY + data[33:],
    "JPEG": lambda data: data[:2] + b"\xff\xfe\0\2" * MANY + data[2:],
    "JPEG behind its size": lambda data: data[:-2] + b"\xff\xfe\0\2" * MANY + data[-2:],
    "JPEG of filling": lambda data: data[:2] + b"\xff" * MANY + data[2:],
    "WEBP": lambda data: _riff(data, b"ANMF\0\0\0\0" * MANY),
    "GIF": lambda data: data[:-1] + b"!\xfe\1a\0" * MANY + b";",
    "GIF of one comment": lambda data: data[:-1] + b"!\xfe" + b"\1a" * MANY + b"\0;",
    "ICO": lambda data: data + b"\x89PNG" * MANY,
}


@pytest.mark.parametrize("form", COSTLY)
def test_a_picture_of_parts_without_number_is_refused(form: str) -> None:
    data = COSTLY[form](saved(picture(20, 20), form.split(maxsplit=1)[0]))
    with pytest.raises(AttachmentError):
        prepare(data, "x", HIGH)


def test_filling_of_a_jpeg_is_passed_over_at_once() -> None:
    data = saved(picture(20, 20), "JPEG")
    assert strip.jpeg(data[:2] + b"\xff" * MANY + data[2:]) == strip.jpeg(data)


def test_what_stands_between_the_frames_of_a_gif_is_dropped() -> None:
    frames = [picture(20, 20).rotate(turn) for turn in (0, 90, 180)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], comment=b"secret")
    clean = strip.gif(data)
    assert b"secret" in data
    assert b"secret" not in clean
    assert getattr(opened(clean), "n_frames", 0) == 2
    assert opened(clean).convert("RGB").tobytes() == opened(data).convert("RGB").tobytes()
    assert "first frame" in prepare(data, "x", HIGH).note
