"""Small pictures with and without metadata, and files made to hurt."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

SECRET = b"Secret Lane 7"
FORMS = ("JPEG", "PNG", "WEBP")


def picture(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Draw something with edges and shades, so that a wrong turn or a lost half shows."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste((255, 0, 0), (0, 0, max(1, width // 2), max(1, height // 2)))
    return image.convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def exif(orientation: int = 1) -> Image.Exif:
    """Make metadata with a place, an author and an orientation."""
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x013B] = SECRET.decode()
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (48.0, 8.0, 1.0)
    place[29] = SECRET.decode()
    return made


def photo(form: str, width: int = 64, height: int = 48, orientation: int = 1) -> bytes:
    """Make a photo as a phone writes it: with a place, and more of it in XMP and comments."""
    image = picture(width, height)
    options: dict[str, Any] = {"exif": exif(orientation)}
    if form == "JPEG":
        options |= {"comment": SECRET, "xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"}
    if form == "WEBP":
        options |= {"xmp": SECRET, "lossless": True}
    data = saved(image, form, **options)
    return data + SECRET if form == "JPEG" else data


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *, rows: bytes = b"", colour: int = 2, more: bytes = b"") -> bytes:
    """Put a PNG together by hand; its header may promise what is not there."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def pdf(pages: int = 3, more: bytes = b"") -> bytes:
    kids = b" ".join(b"%d 0 R" % (n + 3) for n in range(pages))
    objects = [
        b"1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj",
        b"2 0 obj <</Type /Pages /Count %d /Kids [%s]>> endobj" % (pages, kids),
        *(b"%d 0 obj <</Type /Page /Parent 2 0 R>> endobj" % (n + 3) for n in range(pages)),
    ]
    return b"%PDF-1.4\n" + b"\n".join(objects) + more + b"\ntrailer <<>>\nstartxref\n9\n%%EOF\n"
