"""What the service takes, by tier of model; a new rule of the service goes here.

The limits that hold for a whole request, its history included.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from chatrepl.attachments.safe_read import size
from chatrepl.core.errors import AttachmentError
from chatrepl.core.models import Model
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock
from chatrepl.core.tokens.pictures import most_tokens, source_size
from chatrepl.core.value import frozen
from chatrepl.core.wire import encode

# A request body may have 32 MB; what is neither image nor document gets half a megabyte of room.
REQUEST_BYTES: Final = 32_000_000
ENCODED_PDF_BYTES: Final = 31_500_000
MANY_IMAGES: Final = 20  # past this number every side of every image is held to MANY_IMAGES_PX
MANY_IMAGES_PX: Final = 2_000
MAX_SIDE_PX: Final = 8_000


@frozen
class AttachmentLimits:
    """The bounds for one attachment; the default is the tier of high resolution.

    `keep_hidden` says that characters nobody sees are sent, too.
    """

    max_edge_px: int = 2_576
    max_image_tokens: int = 4_784
    max_images: int = 600
    max_pdf_pages: int = 600
    max_text_bytes: int = 8_000_000
    max_image_file_bytes: int = 64_000_000  # as read, before it is scaled down
    max_encoded_image_bytes: int = 10_000_000  # as sent
    keep_hidden: bool = False

    @property
    def max_pdf_bytes(self) -> int:
        return ENCODED_PDF_BYTES // 4 * 3


def limits_of(model: Model, *, keep_hidden: bool = False) -> AttachmentLimits:
    """Give the limits of a model: by its image tier and its context window."""
    edge, most = model.image_edge_px, model.most_images
    limits = AttachmentLimits(edge, most_tokens(edge), max_images=most, max_pdf_pages=most)
    return replace(limits, keep_hidden=keep_hidden)


def check_request(blocks: Iterable[Block], *, limits: AttachmentLimits) -> None:
    """Refuse what the service would answer with 400 or 413; raises `AttachmentError`, exit 5."""
    total = 0
    pictures: list[ImageBlock] = []
    for block in blocks:
        total += _weight(block)
        if isinstance(block, ImageBlock):
            pictures.append(block)
    if total > REQUEST_BYTES:
        raise _too_much(f"The request has {size(total)}; the service takes {size(REQUEST_BYTES)}.")
    if len(pictures) > limits.max_images:
        raise _too_much(
            f"The request has {len(pictures)} images; this model takes {limits.max_images}."
        )
    many = len(pictures) > MANY_IMAGES
    side = MANY_IMAGES_PX if many else MAX_SIDE_PX
    large = sum(1 for picture in pictures if max(source_size(picture.source) or (0,)) > side)
    if large:
        rule = f"With more than {MANY_IMAGES} images, no" if many else "No"
        raise _too_much(f"{rule} side may have more than {side} pixels; {large} images are larger.")


def _weight(block: Block) -> int:
    """Count the bytes a block takes in the body, without encoding its data again."""
    if isinstance(block, ImageBlock | DocumentBlock) and block.source.get("type") == "base64":
        return len(str(block.source.get("data"))) + 200
    return len(encode(block.to_wire()).encode("utf-8", "replace"))


def _too_much(message: str) -> AttachmentError:
    return AttachmentError(
        message, "Take some back with /detach, or drop old turns with /drop.", exit_code=5
    )
