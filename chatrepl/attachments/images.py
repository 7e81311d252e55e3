"""An image made ready to send: within the service's limits, upright, without metadata.

A picture that needs no change keeps its pixels byte for byte; every other one is encoded anew,
once. Pillow is loaded only when there is a picture to look at.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from chatrepl.attachments import sniff, strip
from chatrepl.attachments.dimensions import Size, dimensions
from chatrepl.attachments.encode import encoded, scaled
from chatrepl.attachments.limits import Limits, fit, image_tokens
from chatrepl.core.errors import AttachmentError

if TYPE_CHECKING:
    from PIL.Image import Image

# Four bytes a pixel once decoded: 160 MB. A JPEG is decoded at a fraction of its size.
MAX_PIXELS: Final = 40_000_000
MAX_JPEG_PIXELS: Final = 80_000_000
_MAX_PROGRESSIVE_PIXELS: Final = 25_000_000  # held whole in memory before the first row comes out
_KEEP_BYTES: Final = 2_000_000  # larger ones are sent again with every turn: worth encoding anew
_ORIENTATION: Final = 0x0112
_GPS: Final = 0x8825
_STRIPPERS: Final[Mapping[sniff.FileType, Callable[[bytes], bytes]]] = {
    sniff.JPEG: strip.jpeg,
    sniff.PNG: strip.png,
    sniff.WEBP: strip.webp,
}
_PLAIN_MODES: Final = frozenset({"L", "LA", "P", "RGB", "RGBA", "1"})


@dataclass(frozen=True, slots=True)
class Picture:
    """What is sent of an image."""

    data: bytes
    type: sniff.FileType
    size: Size
    note: str

    @property
    def tokens(self) -> int:
        return image_tokens(*self.size)


@dataclass(frozen=True, slots=True)
class _Facts:
    orientation: int
    located: bool
    moving: bool


def check_size(head: bytes, name: str) -> None:
    """Refuse an image whose header announces more pixels than can be decoded safely."""
    found = dimensions(head)
    if found is None:
        return
    width, height = found
    jpeg = sniff.sniff(head[:32]) is sniff.JPEG
    limit = MAX_JPEG_PIXELS if jpeg else MAX_PIXELS
    if width * height > limit:
        raise AttachmentError(
            f"{name} is too large: {width}×{height} pixels, the limit is"
            f" {limit // 1_000_000} million.",
            "Scale it down first.",
            exit_code=5,
        )


def prepare(data: bytes, name: str, limits: Limits) -> Picture:
    """Make an image ready to send; raises `AttachmentError` if it is damaged or too large."""
    kind = sniff.sniff(data[:64])
    if dimensions(data) is None:
        raise _damaged(name)
    check_size(data, name)
    try:
        clean = _STRIPPERS[kind](data) if kind in _STRIPPERS else data
        return _prepare(data, clean, kind, limits)
    except AttachmentError:
        raise
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
        OverflowError,
        AttributeError,
        struct.error,
        zlib.error,
    ) as error:
        raise _damaged(name) from error


def _prepare(data: bytes, clean: bytes, kind: sniff.FileType, limits: Limits) -> Picture:
    from PIL import Image

    facts = _facts(data, kind)
    with Image.open(BytesIO(clean), formats=[kind.name.upper()]) as image:
        original = image.size
        target = fit(*original, limits)
        keep = (
            target == original
            and facts.orientation == 1
            and not (facts.moving and kind is not sniff.PNG)
            and kind is not sniff.GIF
            and image.mode in _PLAIN_MODES
            and len(clean) <= _KEEP_BYTES
        )
        if target != original:
            image.draft(None, target)  # JPEG only: decodes at 1/2, 1/4 or 1/8
        image.load()  # finds what a header does not tell: an early end, broken data
        if keep:
            return Picture(clean, kind, original, _note(facts, original, original))
        pixels = _upright(scaled(image, target), facts.orientation)
    content, sent = encoded(pixels, kind, limits.max_encoded_image_bytes // 4 * 3)
    return Picture(content, sent, pixels.size, _note(facts, original, target))


def _facts(data: bytes, kind: sniff.FileType) -> _Facts:
    from PIL import Image

    with Image.open(BytesIO(data), formats=[kind.name.upper()]) as image:
        moving = bool(getattr(image, "is_animated", False))
        try:
            exif = image.getexif()
            orientation = exif.get(_ORIENTATION, 1)
            located = bool(exif.get_ifd(_GPS))
        except (OSError, ValueError, SyntaxError, KeyError, TypeError, struct.error, EOFError):
            orientation, located = 1, False  # unreadable metadata is dropped like any other
    valid = isinstance(orientation, int) and 1 <= orientation <= 8
    return _Facts(orientation if valid else 1, located, moving)


def _upright(image: "Image", orientation: int) -> "Image":
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)


def _note(facts: _Facts, original: Size, sent: Size) -> str:
    parts = []
    if sent != original:
        parts.append(f"scaled down from {original[0]}×{original[1]}")
    if facts.moving:
        parts.append("only the first frame is sent")
    if facts.located:
        parts.append("location data removed")
    return "; ".join(parts)


def _damaged(name: str) -> AttachmentError:
    return AttachmentError(
        f"{name} cannot be attached: the image is damaged or incomplete.",
        "Open it in a viewer and save it again.",
    )
