import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chatrepl.demo.images import kind, measure, measure_base64

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


def _image(form: str, size: tuple[int, int], **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, form, **more)
    return out.getvalue()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3, 2001)])
def test_type_and_size_are_read_from_the_header(form: str, size: tuple[int, int]) -> None:
    data = _image(form, size)
    assert kind(data) == FORMATS[form]
    assert measure(data) == size
    assert measure_base64(base64.b64encode(data).decode()) == size


def test_all_three_kinds_of_webp_are_read() -> None:
    plain = _image("WEBP", (300, 20))
    lossless = _image("WEBP", (300, 20), lossless=True)
    out = io.BytesIO()
    Image.new("RGBA", (300, 20), (1, 2, 3, 99)).save(out, "WEBP", exif=b"Exif\0\0")
    assert [measure(data) for data in (plain, lossless, out.getvalue())] == [(300, 20)] * 3


@given(st.binary(max_size=60))
def test_any_bytes_have_a_size_or_none(data: bytes) -> None:
    for head in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF0000WEBP"):
        size = measure(head + data)
        assert size is None or min(size) > 0


def test_what_is_no_base64_has_no_size() -> None:
    assert measure_base64("a") is None
    assert measure_base64("ä") is None
