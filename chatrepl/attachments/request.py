"""The limits that hold for a whole request, its history included."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable

from chatrepl.attachments.dimensions import Size, dimensions
from chatrepl.attachments.limits import (
    MANY_IMAGES,
    MANY_IMAGES_PX,
    MAX_SIDE_PX,
    REQUEST_BYTES,
    Limits,
)
from chatrepl.attachments.words import size
from chatrepl.core.blocks import Block, DocumentBlock, ImageBlock
from chatrepl.core.errors import AttachmentError
from chatrepl.core.wire import encode

_HEADER_CHARS = 65_536  # divisible by four: whole groups of base64


def check_request(blocks: Iterable[Block], *, limits: Limits) -> None:
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
    large = sum(1 for picture in pictures if max(image_size(picture) or (0,)) > side)
    if large:
        rule = f"With more than {MANY_IMAGES} images, no" if many else "No"
        raise _too_much(f"{rule} side may have more than {side} pixels; {large} images are larger.")


def image_size(block: ImageBlock) -> Size | None:
    """Read the size of an image that is sent with its data; None for one sent by address."""
    data = block.source.get("data")
    if not isinstance(data, str):
        return None
    for part in (data[:_HEADER_CHARS], data):
        try:
            found = dimensions(b64decode(part))
        except Base64Error:
            return None
        if found:
            return found
    return None


def _weight(block: Block) -> int:
    """Count the bytes a block takes in the body, without encoding its data again."""
    if isinstance(block, ImageBlock | DocumentBlock) and block.source.get("type") == "base64":
        return len(str(block.source.get("data"))) + 200
    return len(encode(block.to_wire()).encode("utf-8", "replace"))


def _too_much(message: str) -> AttachmentError:
    return AttachmentError(
        message, "Take some back with /detach, or drop old turns with /drop.", exit_code=5
    )
