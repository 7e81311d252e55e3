from base64 import b64encode
from collections.abc import Sequence

import pytest

from chatrepl.attachments.limits import AttachmentLimits, check_request
from chatrepl.core.errors import AttachmentError
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock, TextBlock
from tests.attachments.pictures import png

LIMITS = AttachmentLimits()


def image(data: bytes) -> ImageBlock:
    return ImageBlock.base64("image/png", b64encode(data).decode())


SMALL = image(png(1_000, 1_000))
LARGE = image(png(2_001, 1_000))


def refused(blocks: Sequence[Block], limits: AttachmentLimits = LIMITS) -> str:
    with pytest.raises(AttachmentError) as caught:
        check_request(blocks, limits=limits)
    assert caught.value.exit_code == 5
    return caught.value.message


def test_a_usual_request_passes() -> None:
    check_request([TextBlock("hello"), SMALL, LARGE, ImageBlock.url("https://a/b")], limits=LIMITS)
    check_request([], limits=LIMITS)


@pytest.mark.parametrize("large", [LARGE, image(png(1_000, 2_001))])
def test_large_images_pass_up_to_twenty(large: ImageBlock) -> None:
    check_request([large] * 20, limits=LIMITS)
    assert "2000 pixels; 21 images are larger" in refused([large] * 21)
    assert "1 images are larger" in refused([SMALL] * 20 + [large])
    check_request([SMALL] * 600, limits=LIMITS)


@pytest.mark.parametrize("size", [(8_001, 10), (10, 8_001)])
def test_a_side_of_more_than_8000_pixels_never_passes(size: tuple[int, int]) -> None:
    assert "8000 pixels" in refused([image(png(*size))])


def test_too_many_images_are_refused_those_by_address_too() -> None:
    block = ImageBlock.url("https://a.example/x.png")
    check_request([block] * 100, limits=AttachmentLimits(max_images=100))
    assert "101 images" in refused([block] * 101, AttachmentLimits(max_images=100))


def test_a_request_above_32_megabytes_is_refused() -> None:
    half = DocumentBlock.base64_pdf("A" * 15_900_000, "a.pdf")
    check_request([half, half], limits=LIMITS)
    assert "32 MB" in refused([half, half, TextBlock("ä" * 100_000)])
