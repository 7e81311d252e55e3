"""Pixels scaled and written as the smallest file that shows them well."""

from io import BytesIO
from typing import TYPE_CHECKING, Final

from chatrepl.attachments import sniff
from chatrepl.attachments.dimensions import Size

if TYPE_CHECKING:
    from PIL.Image import Image

_LOSSLESS_BYTES: Final = 1_000_000  # a larger PNG is a photo in the wrong format
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
    if source in {sniff.PNG, sniff.GIF}:
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
