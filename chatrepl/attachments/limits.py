"""What the service takes, by tier of model; a new rule of the service goes here."""

from math import ceil
from typing import Final

from chatrepl.core.frozen import frozen

# A request body may have 32 MB; what is neither image nor document gets half a megabyte of room.
REQUEST_BYTES: Final = 32_000_000
ENCODED_PDF_BYTES: Final = 31_500_000
MANY_IMAGES: Final = 20  # past this number every side of every image is held to MANY_IMAGES_PX
MANY_IMAGES_PX: Final = 2_000
MAX_SIDE_PX: Final = 8_000
PATCH_PX: Final = 28  # one token of an image is a square of this side


@frozen
class Limits:
    """The bounds for one attachment; the default is the tier of high resolution."""

    max_edge_px: int = 2_576
    max_image_tokens: int = 4_784
    max_images: int = 600
    max_pdf_pages: int = 600
    max_text_bytes: int = 8_000_000
    max_image_file_bytes: int = 64_000_000  # as read, before it is scaled down
    max_encoded_image_bytes: int = 10_000_000  # as sent

    @property
    def max_pdf_bytes(self) -> int:
        return ENCODED_PDF_BYTES // 4 * 3


def limits_for(*, high_resolution: bool, window_tokens: int) -> Limits:
    """Choose the limits of a model by its image tier and its context window."""
    edge, tokens = (2_576, 4_784) if high_resolution else (1_568, 1_568)
    count = 100 if window_tokens <= 200_000 else 600
    return Limits(edge, tokens, max_images=count, max_pdf_pages=count)


def image_tokens(width: int, height: int) -> int:
    """Count the tokens of an image that is within its tier's limits."""
    return ceil(width / PATCH_PX) * ceil(height / PATCH_PX)


def fit(width: int, height: int, limits: Limits) -> tuple[int, int]:
    """Find the largest size of the same shape within the tier's edge and token limits."""
    long = max(width, height)

    def at(edge: int) -> tuple[int, int]:
        return max(1, round(width * edge / long)), max(1, round(height * edge / long))

    high = min(long, limits.max_edge_px)
    if image_tokens(*at(high)) <= limits.max_image_tokens:
        return at(high)
    low = 1  # always fits, `high` never does
    while high - low > 1:
        middle = (low + high) // 2
        if image_tokens(*at(middle)) <= limits.max_image_tokens:
            low = middle
        else:
            high = middle
    return at(low)
