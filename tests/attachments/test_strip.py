import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from chatrepl.attachments import strip
from tests.attachments.pictures import FORMS, SECRET, opened, photo, picture, saved

STRIPPERS = {"JPEG": strip.jpeg, "PNG": strip.png, "WEBP": strip.webp}
BROKEN = (ValueError,)


def same_pixels(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and ImageChops.difference(one, other).getbbox() is None


@pytest.mark.parametrize("form", FORMS)
def test_metadata_go_and_pixels_stay(form: str) -> None:
    data = photo(form)
    clean = STRIPPERS[form](data)
    assert SECRET in data
    assert SECRET not in clean
    assert not opened(clean).getexif()
    assert same_pixels(opened(data), opened(clean))
    assert STRIPPERS[form](clean) == clean


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 30}, {"subsampling": 0}])
def test_every_kind_of_jpeg_keeps_its_pixels(options: dict[str, int]) -> None:
    for mode in ("L", "RGB", "CMYK"):
        data = saved(picture(50, 70, mode), "JPEG", **options)
        assert same_pixels(opened(data), opened(strip.jpeg(data)))


def test_a_picture_behind_the_first_is_dropped() -> None:
    data = saved(picture(20, 20), "JPEG")
    assert strip.jpeg(data + photo("JPEG")) == strip.jpeg(data)


def test_a_thumbnail_in_the_header_is_dropped() -> None:
    data = saved(picture(20, 20), "JPEG")
    thumbnail = b"\xff\xe0\x00\x20JFXX\0\x10" + b"T" * 24
    assert b"TTTT" not in strip.jpeg(data[:2] + thumbnail + data[2:])


def test_transparency_and_palette_of_a_png_stay() -> None:
    for mode in ("P", "LA", "RGBA", "1"):
        data = saved(picture(20, 30, mode), "PNG")
        assert same_pixels(opened(data), opened(strip.png(data)))


def test_a_moving_png_becomes_its_first_frame() -> None:
    frames = [picture(20, 20), picture(20, 20).rotate(90)]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    clean = opened(strip.png(data))
    assert not getattr(clean, "is_animated", False)
    assert same_pixels(clean, frames[0])


@pytest.mark.parametrize("form", FORMS)
@given(share=st.floats(0.2, 0.98))
def test_a_file_that_ends_early_is_noticed(form: str, share: float) -> None:
    data = saved(picture(40, 40), form)
    with pytest.raises(BROKEN):
        STRIPPERS[form](data[: int(len(data) * share)])


@pytest.mark.parametrize("form", FORMS)
@given(at=st.integers(12, 400), byte=st.integers(0, 255))
def test_a_damaged_file_is_stripped_or_refused(form: str, at: int, byte: int) -> None:
    data = bytearray(photo(form))
    data[at % len(data)] = byte
    try:
        clean = STRIPPERS[form](bytes(data))
        strip.exif(bytes(data))
    except BROKEN:
        return
    assert len(clean) <= len(data) + 18


def test_thousands_of_scans_are_refused_before_decoding() -> None:
    data = saved(picture(3_000, 3_000), "JPEG", progressive=True, subsampling=0)
    scan = data[data.rfind(b"\xff\xda") : -2]
    strip.jpeg(data)
    with pytest.raises(strip.TooCostlyError):
        strip.jpeg(data[:-2] + scan * 2_000 + b"\xff\xd9")


@pytest.mark.parametrize("form", FORMS)
def test_the_orientation_is_found_where_each_format_keeps_it(form: str) -> None:
    found = Image.Exif()
    found.load(strip.exif(photo(form, orientation=6)))
    assert found[0x0112] == 6
    assert strip.exif(saved(picture(9, 9), form)) == b""
