import base64
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatrepl.core.tokens.pictures import (
    cut,
    fit,
    image_size,
    image_tokens,
    most_tokens,
    pdf_pages,
    source_size,
    tiles,
)
from tests.attachments.pictures import photo, picture, saved

SIDES = st.integers(1, 20_000)
SMALL_SIDES = st.integers(1, 300)
EDGES = st.sampled_from([1568, 2000, 2576])
FORMS = st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"])

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
    (2560, 1440): (1560, 4784),
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


def test_lossless_and_extended_webp_tell_their_size() -> None:
    for options in ({"lossless": True}, {"exif": b"Exif\0\0" + b"\0" * 40}):
        made = io.BytesIO()
        Image.new("RGBA", (33, 44)).save(made, "WEBP", **options)
        assert image_size(made.getvalue()) == (33, 44)


def test_the_size_of_what_is_sent_is_read_from_its_first_kilobytes_or_further_on() -> None:
    padding = (b"\xff\xe5\xff\xff" + bytes(65_533)) * 2
    late = b"\xff\xd8" + padding + saved(picture(9, 7), "JPEG")[2:]

    for data, size in ((late, (9, 7)), (photo("PNG"), (64, 48)), (b"text", None)):
        assert source_size({"data": base64.b64encode(data).decode()}) == size
    assert source_size({"url": "https://a.example/x.png"}) is None
    assert source_size({"data": "é not base64"}) is None
    assert source_size({"data": ""}) is None


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

    assert image_size(head) == (32, 16)


def test_what_stands_before_the_first_frame_of_a_gif_is_stepped_over() -> None:
    screen = b"GIF89a" + b"\x05\0\x07\0" + b"\0\0\0"
    comment = b"\x21\xfe" + b"\x03abc" + b"\0"
    frame = b"\x2c" + b"\x01\0\0\0" + b"\x05\0\x07\0"

    assert image_size(screen + comment * 2 + frame) == (6, 7)
    assert image_size(screen + comment[:-1]) is None


def test_a_lossless_webp_tells_its_size_in_bits() -> None:
    bits = (99 | 49 << 14).to_bytes(4, "little")
    head = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + bits + b"\0\0"

    assert image_size(head) == (100, 50)


def test_a_webp_of_an_unknown_kind_tells_nothing() -> None:
    assert image_size(b"RIFF\0\0\0\0WEBPVP9 " + bytes(20)) is None


@given(SMALL_SIDES, SMALL_SIDES, FORMS, st.booleans())
def test_the_header_tells_what_a_decoder_finds(
    width: int, height: int, form: str, special: bool
) -> None:
    options = {"JPEG": "progressive", "WEBP": "lossless"}
    more = {options[form]: special} if form in options else {}
    data = saved(picture(width, height), form, **more)
    assert image_size(data) == (width, height)


def test_metadata_before_the_header_do_not_hide_it() -> None:
    for form in ("JPEG", "PNG", "WEBP"):
        assert image_size(photo(form)) == (64, 48)


@given(FORMS, st.integers(0, 200))
def test_a_header_cut_short_tells_nothing_wrong(form: str, length: int) -> None:
    data = saved(picture(33, 44), form)
    assert image_size(data[:length]) in {None, (33, 44)}


@given(FORMS, st.binary(max_size=100))
def test_a_damaged_header_never_raises(form: str, tail: bytes) -> None:
    start = {"JPEG": 3, "PNG": 8, "GIF": 6, "WEBP": 12}[form]
    size = image_size(saved(picture(5, 5), form)[:start] + tail)
    assert size is None or min(size) > 0


@pytest.mark.parametrize("data", [b"", b"text", b"%PDF-1.4"])
def test_what_is_no_image_has_no_size(data: bytes) -> None:
    assert image_size(data) is None


def test_a_gif_frame_larger_than_its_screen_counts() -> None:
    data = bytearray(saved(picture(5, 5), "GIF"))
    data[6:10] = b"\1\0\1\0"
    assert image_size(bytes(data)) == (5, 5)


@given(SIDES, SIDES, EDGES)
def test_a_fitted_image_is_within_its_tier_and_never_larger(
    width: int, height: int, edge: int
) -> None:
    fitted = fit((width, height), edge, most_tokens(edge))
    assert max(fitted) <= edge
    assert tiles(fitted) <= most_tokens(edge)
    assert 1 <= fitted[0] <= width
    assert 1 <= fitted[1] <= height
    assert fit(fitted, edge, most_tokens(edge)) == fitted


@given(SIDES, SIDES)
def test_a_fitted_image_keeps_its_shape(width: int, height: int) -> None:
    fitted = fit((width, height), 2576, 4784)
    scale = max(fitted) / max(width, height)
    assert abs(fitted[0] - width * scale) <= 1
    assert abs(fitted[1] - height * scale) <= 1


@given(SIDES, SIDES, EDGES)
def test_pieces_of_a_long_picture_cover_it_and_overlap(width: int, height: int, edge: int) -> None:
    most = most_tokens(edge)
    pieces = cut((width, height), edge, most)
    if pieces is None:
        return
    assert max(width, height) >= 2.5 * min(width, height)
    assert min(pieces.size) > min(fit((width, height), edge, most))
    ends = [(box[1], box[3]) if width < height else (box[0], box[2]) for box in pieces.boxes]
    assert ends[0][0] == 0
    assert ends[-1][1] == max(pieces.size)
    assert all(after[0] < before[1] for before, after in itertools.pairwise(ends))
    for box in pieces.boxes:
        size = box[2] - box[0], box[3] - box[1]
        assert fit(size, edge, most) == size


def test_only_what_is_long_and_would_be_lost_is_cut() -> None:
    for size in ((2_000, 2_000), (4_000, 3_000), (300, 900), (10, 60_000)):
        assert cut(size, 1568, 1568) is None
    pieces = cut((1_200, 12_000), 2576, 4784)
    assert pieces is not None
    assert pieces.size == (1_200, 12_000)
    assert len(pieces.boxes) == 5


def test_a_jpeg_of_nothing_but_parts_is_given_up() -> None:
    assert image_size(b"\xff\xd8" + b"\xff\xd0" * 60_000 + b"\xff" * 20) is None
