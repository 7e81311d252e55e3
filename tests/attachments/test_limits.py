from chatrepl.attachments.limits import limits_of
from chatrepl.core.models import find

HIGH = limits_of(find("claude-opus-5-5"))
STANDARD = limits_of(find("claude-haiku-4-5"))


def test_each_tier_has_its_edge_and_its_tokens() -> None:
    assert (HIGH.max_edge_px, HIGH.max_image_tokens) == (2576, 4784)
    assert (STANDARD.max_edge_px, STANDARD.max_image_tokens) == (1568, 1568)


def test_a_small_window_takes_fewer_images_and_pages() -> None:
    assert (STANDARD.max_images, STANDARD.max_pdf_pages) == (100, 100)
    assert (HIGH.max_images, HIGH.max_pdf_pages) == (600, 600)


def test_a_pdf_of_the_largest_size_fits_into_a_request_once_encoded() -> None:
    assert -(-HIGH.max_pdf_bytes // 3) * 4 < 32_000_000
