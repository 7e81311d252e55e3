import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatrepl.core.tokens.pictures import image_size, image_tokens, pdf_pages

SIZES = {
    (28, 28): (1, 1),
    (200, 200): (64, 64),
    (1024, 1024): (1369, 1369),
    (1280, 720): (1196, 1196),
    (800, 600): (638, 638),
    (1000, 1000): (1296, 1296),
    (1920, 1080): (1560, 2691),
    (512, 512): (361, 361),
    (1092, 1092): (1521, 1521),
    (29, 28): (2, 2),
}


@pytest.mark.parametrize("size", SIZES)
def test_images_cost_a_token_for_each_tile(size: tuple[int, int]) -> None:
    assert (image_tokens(size, 1568), image_tokens(size, 2576)) == SIZES[size]


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_no_image_costs_more_than_its_tier_allows(width: int, height: int) -> None:
    assert 1 <= image_tokens((width, height), 1568) <= 1568
    assert 1 <= image_tokens((width, height), 2576) <= 4784


def test_an_unknown_image_costs_as_much_as_a_common_one() -> None:
    assert image_tokens(None, 2576) == 1369


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_sizes_are_read_from_the_header(form: str) -> None:
    made = io.BytesIO()
    Image.new("RGB", (317, 211)).save(made, form)
    assert image_size(base64.b64encode(made.getvalue()).decode()) == (317, 211)


def test_lossless_and_extended_webp_tell_their_size() -> None:
    for options in ({"lossless": True}, {"exif": b"Exif\0\0" + b"\0" * 40}):
        made = io.BytesIO()
        Image.new("RGBA", (33, 44)).save(made, "WEBP", **options)
        assert image_size(base64.b64encode(made.getvalue()).decode()) == (33, 44)


@given(st.binary(max_size=60), st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF"]))
def test_damaged_headers_are_no_error(rest: bytes, magic: bytes) -> None:
    size = image_size(base64.b64encode(magic + rest).decode())
    assert size is None or min(size) > 0


def test_what_is_no_base64_has_no_size() -> None:
    assert image_size("é not base64") is None
    assert image_size("") is None


def pdf(body: bytes) -> str:
    return base64.b64encode(b"%PDF-1.7\n" + body).decode()


def test_pages_are_counted() -> None:
    pages = b"<</Type /Pages /Count 3>> " + b"<</Type /Page >> <</Type/Page>>" * 1 + b"/Type /Page "
    assert pdf_pages(pdf(pages)) == 3


def test_packed_pages_are_judged_by_size() -> None:
    assert pdf_pages(pdf(b"x" * 10)) == 1
    assert pdf_pages(pdf(b"x" * 600_000)) == 10


def test_jpeg_markers_without_a_length_and_padding_are_stepped_over() -> None:
    frame = b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x00\x00\x00"
    head = b"\xff\xd8\xff\x01\xff\xff" + frame[1:]

    assert image_size(base64.b64encode(head).decode()) == (32, 16)


def test_a_lossless_webp_tells_its_size_in_bits() -> None:
    bits = (99 | 49 << 14).to_bytes(4, "little")
    head = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + bits + b"\0\0"

    assert image_size(base64.b64encode(head).decode()) == (100, 50)


def test_a_webp_of_an_unknown_kind_tells_nothing() -> None:
    assert image_size(base64.b64encode(b"RIFF\0\0\0\0WEBPVP9 " + bytes(20)).decode()) is None
