import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.attachments.limits import AttachmentLimits, fit, image_tokens, limits_for

HIGH = limits_for(high_resolution=True, window_tokens=1_000_000)
STANDARD = limits_for(high_resolution=False, window_tokens=200_000)
SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("size", "high", "standard"),
    [
        ((1024, 1024), 1369, 1369),
        ((1280, 720), 1196, 1196),
        ((1920, 1080), 2691, 1560),
        ((2560, 1440), 4784, 1560),
    ],
)
def test_tokens_are_those_the_service_counts(
    size: tuple[int, int], high: int, standard: int
) -> None:
    assert image_tokens(*fit(*size, HIGH)) == high
    assert image_tokens(*fit(*size, STANDARD)) == standard


@given(SIDES, SIDES, st.sampled_from([HIGH, STANDARD, AttachmentLimits(max_edge_px=2_000)]))
def test_a_fitted_image_is_within_its_tier_and_never_larger(
    width: int, height: int, limits: AttachmentLimits
) -> None:
    fitted = fit(width, height, limits)
    assert max(fitted) <= limits.max_edge_px
    assert image_tokens(*fitted) <= limits.max_image_tokens
    assert 1 <= fitted[0] <= width
    assert 1 <= fitted[1] <= height
    assert fit(*fitted, limits) == fitted


@given(SIDES, SIDES)
def test_a_fitted_image_keeps_its_shape(width: int, height: int) -> None:
    fitted = fit(width, height, HIGH)
    scale = max(fitted) / max(width, height)
    assert abs(fitted[0] - width * scale) <= 1
    assert abs(fitted[1] - height * scale) <= 1


def test_a_small_window_takes_fewer_images_and_pages() -> None:
    assert (STANDARD.max_images, STANDARD.max_pdf_pages) == (100, 100)
    assert (HIGH.max_images, HIGH.max_pdf_pages) == (600, 600)


def test_a_pdf_of_the_largest_size_fits_into_a_request_once_encoded() -> None:
    assert -(-HIGH.max_pdf_bytes // 3) * 4 < 32_000_000
