import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.sizes import dimensions
from tests.attachments.pictures import photo, picture, saved

SIDES = st.integers(1, 300)
FORMS = st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"])


@given(SIDES, SIDES, FORMS, st.booleans())
def test_the_header_tells_what_a_decoder_finds(
    width: int, height: int, form: str, special: bool
) -> None:
    options = {"JPEG": "progressive", "WEBP": "lossless"}
    more = {options[form]: special} if form in options else {}
    data = saved(picture(width, height), form, **more)
    assert dimensions(data) == (width, height)


def test_metadata_before_the_header_do_not_hide_it() -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        assert dimensions(photo(form)) == (64, 48)


@given(FORMS, st.integers(0, 200))
def test_a_header_cut_short_tells_nothing_wrong(form: str, length: int) -> None:
    data = saved(picture(33, 44), form)
    assert dimensions(data[:length]) in {None, (33, 44)}


@given(FORMS, st.binary(max_size=100))
def test_a_damaged_header_never_raises(form: str, tail: bytes) -> None:
    start = {"JPEG": 3, "PNG": 8, "GIF": 6, "WEBP": 12}[form]
    found = dimensions(saved(picture(5, 5), form)[:start] + tail)
    assert found is None or min(found) > 0


@pytest.mark.parametrize("data", [b"", b"text", b"%PDF-1.4"])
def test_what_is_no_image_has_no_size(data: bytes) -> None:
    assert dimensions(data) is None


def test_a_gif_frame_larger_than_its_screen_counts() -> None:
    data = bytearray(saved(picture(5, 5), "GIF"))
    data[6:10] = b"\1\0\1\0"
    assert dimensions(bytes(data)) == (5, 5)
