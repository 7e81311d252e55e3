"""Pictures in formats that the service does not take: opened by Pillow, and sent as another one."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final

from chatrepl.attachments import sniff
from chatrepl.attachments.safe_read import refusal
from chatrepl.core.extras import adds
from chatrepl.core.tokens.pictures import Size, image_size

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS: Final[Mapping[sniff.FileType, str]] = {sniff.HEIC: "HEIF"}
_MOST_ICON_PX: Final = 1_024
_MOST_ICONS: Final = 256
_NO_HEIC: Final = (
    "Convert it to JPEG (`heif-convert in.heic out.jpg`, or `sips` on macOS), or add what reads "
    f"it. {adds('pillow-heif')}."
)


def open_picture(data: bytes, kind: sniff.FileType) -> "Image":
    """Open a picture, and nothing but a picture of that kind; no pixel is decoded yet."""
    from PIL import Image

    return Image.open(BytesIO(data), formats=[_FORMATS.get(kind, kind.name.upper())])


def foreign_size(data: bytes, kind: sniff.FileType, name: str) -> Size:
    """Read the size of a picture in another format from its header.

    Raises `AttachmentError` for one that this machine cannot read, and what Pillow raises.
    """
    if kind is sniff.HEIC:
        _learn_heic(name)
    if kind is sniff.ICO:
        _check_icon(data)
    from PIL.Image import DecompressionBombError

    try:
        with open_picture(data, kind) as image:
            return image.size
    except DecompressionBombError:
        raise refusal(name, "it has far too many pixels", "Scale it down first.") from None


def _learn_heic(name: str) -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise refusal(name, "it is a HEIC photo", _NO_HEIC) from None
    register_heif_opener()


def _check_icon(data: bytes) -> None:
    """Refuse an icon that hides a large picture: its own header tells of 256 pixels at most."""
    if data.count(b"\x89PNG") > _MOST_ICONS:
        raise ValueError("too many pictures for an icon")
    at = data.find(b"\x89PNG")
    while at >= 0:
        if max(image_size(data[at : at + 64]) or (0,)) > _MOST_ICON_PX:
            raise ValueError("too large for an icon")
        at = data.find(b"\x89PNG", at + 4)
