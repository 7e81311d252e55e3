"""An image made ready to send: within the service's limits, upright, without metadata.

A picture that needs no change keeps its pixels byte for byte; every other one is encoded anew,
once. Pillow is loaded only when there is a picture to look at.

Pixels scaled and written as the smallest file that shows them well.
"""

import struct
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

from chatrepl.attachments import sniff, strip
from chatrepl.attachments.limits import AttachmentLimits
from chatrepl.core.errors import AttachmentError
from chatrepl.core.tokens.pictures import Size, cut, fit, image_size, is_long, tiles
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from PIL.Image import Image


_LOSSLESS_BYTES: Final = 1_000_000  # a larger PNG is a photo in the wrong format
_LOSSLESS: Final = frozenset({sniff.PNG, sniff.GIF, sniff.BMP, sniff.TIFF, sniff.ICO})
_BAND_PIXELS: Final = 250_000  # a band and its copies stay in the processor's cache
_REDUCING_GAP: Final = 1.5  # how much is left to the good filter after the fast one
_QUALITIES: Final = (88, 75, 50)


def scaled(image: "Image", target: Size) -> "Image":
    """Scale to `target` and to grey, RGB or RGBA; large images go through in bands.

    A copy of a large picture in another mode would double the memory it takes.
    """
    from PIL import Image

    ratio = min(image.width / target[0], image.height / target[1])
    factor = max(1, int(ratio / _REDUCING_GAP))
    plain = _plain(image) if factor == 1 else _reduced(image, factor)
    if plain.size != target:
        plain = plain.resize(target, Image.Resampling.LANCZOS)
    return plain


def encoded(image: "Image", source: sniff.FileType, limit: int) -> tuple[bytes, sniff.FileType]:
    """Write pixels without any metadata, in at most `limit` bytes where that can be done."""
    image = _opaque(image)
    image.info = {}  # Pillow would write comments and profiles it finds here
    if source in _LOSSLESS:
        content = _save(image, "PNG")
        if len(content) <= _LOSSLESS_BYTES:
            return content, sniff.PNG
    lossy = sniff.WEBP if image.mode == "RGBA" or source is sniff.WEBP else sniff.JPEG
    content = b""
    for quality in _QUALITIES:
        content = _save(image, lossy.name.upper(), quality=quality)
        if len(content) <= limit:
            break
    return content, lossy


def _reduced(image: "Image", factor: int) -> "Image":
    from PIL import Image

    width, height = image.size
    rows = max(1, _BAND_PIXELS // width // factor) * factor
    bands = [
        _plain(image.crop((0, top, width, min(height, top + rows)))).reduce(factor)
        for top in range(0, height, rows)
    ]
    mode = "RGBA" if any(band.mode == "RGBA" for band in bands) else bands[0].mode
    whole = Image.new(mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band if band.mode == mode else band.convert(mode), (0, top))
        top += band.height
    return whole


def _plain(image: "Image") -> "Image":
    if image.mode.startswith("I"):
        image = image.point(lambda value: value * (1 / 256))  # sixteen bits to eight
        return image.convert("L")
    if image.has_transparency_data:
        return _opaque(image.convert("RGBA"))
    if image.mode in {"L", "RGB"}:
        return image
    return image.convert("L" if image.mode in {"1", "F"} else "RGB")


def _opaque(image: "Image") -> "Image":
    """Drop an alpha channel that hides nothing."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def _save(image: "Image", form: str, **options: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


# Four bytes a pixel once decoded: 160 MB. A JPEG is decoded at a fraction of its size.
MAX_PIXELS: Final = 40_000_000
MAX_JPEG_PIXELS: Final = 80_000_000
# Pillow holds a WebP several times over while it decodes.
MAX_WEBP_PIXELS: Final = 12_200_000
# Past this size, a file of fewer bytes than this share of its pixels was made to cost time.
_FULL_PIXELS: Final = 16_000_000
_PIXELS_PER_BYTE: Final = 150
MAX_FILE_SIDE_PX: Final = 65_535
_KEEP_BYTES: Final = 2_000_000  # larger ones are sent again with every turn: worth encoding anew
_ORIENTATION: Final = 0x0112
_GPS: Final = 0x8825
_STRIPPERS: Final[Mapping[sniff.FileType, Callable[[bytes], bytes]]] = {
    sniff.JPEG: strip.jpeg,
    sniff.PNG: strip.png,
    sniff.WEBP: strip.webp,
    sniff.GIF: strip.gif,
}
_UNREADABLE: Final = 0.5
# The orientations after which the last piece is the first: of a tall picture, and of a wide one.
_BACKWARDS: Final = (frozenset({3, 4, 6, 7}), frozenset({2, 3, 7, 8}))
_HEAD: Final = 65_536
# What Pillow's readers are known to raise for data that is broken or made to break them.
DECODING_ERRORS: Final = (
    OSError,
    RuntimeError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    AssertionError,
    AttributeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
_MAX_PIXELS_OF: Final[Mapping[sniff.FileType, int]] = {
    sniff.JPEG: MAX_JPEG_PIXELS,
    sniff.WEBP: MAX_WEBP_PIXELS,
}
_PLAIN_MODES: Final = frozenset({"L", "LA", "P", "RGB", "RGBA", "1"})


@frozen
class Picture:
    """What is sent of an image; `pieces` are what a long one was cut into, the first being this."""

    data: bytes
    type: sniff.FileType
    size: Size
    note: str
    pieces: "tuple[Picture, ...]" = ()

    @property
    def tokens(self) -> int:
        return sum(piece.tokens for piece in self.pieces) or tiles(self.size)


def check_size(head: bytes, name: str) -> None:
    """Refuse an image whose header announces more pixels than can be decoded safely."""
    size = image_size(head)
    if size is not None:
        _check(size, sniff.sniff(head[:32]), name)


def _check(size: Size, kind: sniff.FileType, name: str) -> None:
    limit = _MAX_PIXELS_OF.get(kind, MAX_PIXELS)
    if size[0] * size[1] > limit:
        raise _too_many_pixels(name, size, f"the limit is {limit // 1_000_000} million")
    if max(size) > MAX_FILE_SIDE_PX:
        raise _too_many_pixels(name, size, f"no side may have more than {MAX_FILE_SIDE_PX}")


def prepare(data: bytes, name: str, limits: AttachmentLimits) -> Picture:
    """Make an image ready to send; raises `AttachmentError` if it is damaged or too large."""
    kind = sniff.sniff(data[:64])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's words about damage are not for the screen
            size = _size(data, kind, name)
            _check(size, kind, name)
            pixels = size[0] * size[1]
            if kind is not sniff.JPEG and pixels > max(_FULL_PIXELS, _PIXELS_PER_BYTE * len(data)):
                raise _too_many_pixels(name, size, "far more than its content needs")
            clean = _STRIPPERS[kind](data) if kind in _STRIPPERS else data
            return _prepare(data, clean, kind, limits)
    except strip.TooCostlyError:
        raise _too_many_pixels(name, size, "built to be slow to open") from None
    except DECODING_ERRORS as error:
        raise _damaged(name) from error


def _size(data: bytes, kind: sniff.FileType, name: str) -> Size:
    if kind not in sniff.TAKEN:
        from chatrepl.attachments.foreign import foreign_size  # seldom needed

        return foreign_size(data, kind, name)
    size = image_size(data)
    if size is None:
        raise _damaged(name)
    return size


def _prepare(data: bytes, clean: bytes, kind: sniff.FileType, limits: AttachmentLimits) -> Picture:
    from chatrepl.attachments.foreign import open_picture

    with open_picture(clean, kind) as image:
        original = image.size
        moving = bool(getattr(image, "is_animated", False)) or b"acTL" in data[:_HEAD]
        target = fit(original, limits.max_edge_px, limits.max_image_tokens)
        keep = (
            target == original
            and kind in sniff.TAKEN - {sniff.GIF}
            and not getattr(image, "is_animated", False)
            and image.mode in _PLAIN_MODES
            and len(clean) <= _KEEP_BYTES
        )
        pieces = cut(original, limits.max_edge_px, limits.max_image_tokens)
        if pieces is not None:
            target = pieces.size
        if target != original:
            image.draft(None, target)  # JPEG only: decodes at 1/2, 1/4 or 1/8
        image.load()  # finds what a header does not tell: an early end, broken data
        orientation, located = _facts(data, kind, image)  # Pillow turns a TIFF as it loads it
        facts = _Facts(kind, original, target, moving=moving, located=located)
        if keep and orientation == 1:
            return Picture(clean, kind, original, facts.note())
        pixels = scaled(image, target)
    limit = limits.max_encoded_image_bytes // 4 * 3
    parts = [pixels] if pieces is None else map(pixels.crop, pieces.boxes)
    sent = [_sent(_upright(part, orientation), kind, limit) for part in parts]
    if len(sent) == 1:
        return replace(sent[0], note=facts.note())
    if orientation in _BACKWARDS[original[0] > original[1]]:
        sent.reverse()
    return replace(sent[0], note=facts.note(len(sent)), pieces=tuple(sent))


def _sent(pixels: "Image", kind: sniff.FileType, limit: int) -> Picture:
    content, type_ = encoded(pixels, kind, limit)
    return Picture(content, type_, pixels.size, "")


def _facts(data: bytes, kind: sniff.FileType, image: "Image") -> tuple[int, bool]:
    """Read what the metadata say that matters: the orientation, and whether a place is told."""
    from PIL.Image import Exif

    exif = Exif()
    try:
        if kind not in sniff.TAKEN:
            exif = image.getexif()
        elif kind is not sniff.GIF:
            exif.load(strip.exif(data))
        orientation = exif.get(_ORIENTATION, 1)
        located = bool(exif.get_ifd(_GPS))
    except DECODING_ERRORS:
        return 1, False  # unreadable metadata is dropped like any other
    valid = isinstance(orientation, int) and 1 <= orientation <= 8
    return (orientation if valid else 1), located


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


@frozen
class _Facts:
    """What is to be told of a picture that is not sent as it came."""

    kind: sniff.FileType
    original: Size
    sent: Size
    moving: bool
    located: bool

    def note(self, pieces: int = 1) -> str:
        parts = []
        if self.kind not in sniff.TAKEN:
            parts.append(f"converted from {self.kind.name}")
        if self.sent != self.original:
            from_, to = (f"{width}×{height}" for width, height in (self.original, self.sent))
            parts.append(f"scaled down from {from_} to {to}")
        if pieces > 1:
            parts.append(f"cut into {pieces} pieces")
        if min(self.sent) < _UNREADABLE * min(self.original) and is_long(self.original):
            parts.append("small text becomes unreadable; attach parts of it")
        if self.moving:
            parts.append("only the first frame is sent")
        if self.located:
            parts.append("location data removed")
        return "; ".join(parts)


def _too_many_pixels(name: str, size: Size, why: str) -> AttachmentError:
    return AttachmentError(
        f"{name} is too large: {size[0]}×{size[1]} pixels, {why}.",
        "Scale it down first.",
        exit_code=5,
    )


def _damaged(name: str) -> AttachmentError:
    return AttachmentError(
        f"{name} cannot be attached: the image is damaged or incomplete.",
        "Open it in a viewer and save it again.",
    )
