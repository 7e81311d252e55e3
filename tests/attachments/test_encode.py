import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from chatrepl.attachments import sniff
from chatrepl.attachments.images import encoded, scaled
from tests.attachments.pictures import opened, picture


def difference(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(1, 60), st.integers(1, 60))
def test_scaling_gives_the_size_asked_for(width: int, height: int, to_w: int, to_h: int) -> None:
    target = min(width, to_w), min(height, to_h)
    assert scaled(picture(width, height), target).size == target


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_bands_show_what_a_whole_image_shows(mode: str) -> None:
    image = picture(2_000, 1_500, mode)
    plain = image.convert("RGB").resize((200, 150), Image.Resampling.LANCZOS)
    assert difference(scaled(image, (200, 150)).convert("RGB"), plain) < 2


def test_half_transparent_bands_stay_transparent() -> None:
    image = picture(2_000, 1_500, "RGBA")
    image.paste((0, 0, 0, 0), (0, 1_000, 2_000, 1_500))
    small = scaled(image, (200, 150))
    assert small.mode == "RGBA"
    assert small.getpixel((100, 140)) == (0, 0, 0, 0)
    assert small.getchannel("A").getpixel((100, 10)) == 255


def test_sixteen_bits_keep_their_shades() -> None:
    image = Image.new("I;16", (400, 400), 0x8000)
    assert scaled(image, (400, 400)).getpixel((5, 5)) in {127, 128}
    assert scaled(image, (40, 40)).getpixel((5, 5)) in {127, 128}


def test_comments_and_profiles_are_not_written_again() -> None:
    image = picture(50, 50)
    image.info |= {"comment": b"SECRET", "icc_profile": b"SECRET" * 30}
    for source in (sniff.JPEG, sniff.PNG, sniff.WEBP, sniff.GIF):
        assert b"SECRET" not in encoded(image.copy(), source, 10_000_000)[0]


def test_a_photo_in_a_png_becomes_a_jpeg_and_a_drawing_does_not() -> None:
    noise = Image.effect_noise((700, 700), 90).convert("RGB")
    assert encoded(noise, sniff.PNG, 10_000_000)[1] is sniff.JPEG
    assert encoded(picture(700, 700), sniff.PNG, 10_000_000)[1] is sniff.PNG


def test_transparency_survives_every_format() -> None:
    noise = Image.effect_noise((700, 700), 90).convert("RGB")
    noise.putalpha(Image.linear_gradient("L").resize((700, 700)))
    data, kind = encoded(noise, sniff.PNG, 10_000_000)
    assert kind is sniff.WEBP
    assert opened(data).mode == "RGBA"


def test_a_file_above_the_limit_is_written_smaller() -> None:
    noise = Image.effect_noise((700, 700), 90).convert("RGB")
    large = len(encoded(noise, sniff.JPEG, 10_000_000)[0])
    assert len(encoded(noise, sniff.JPEG, large * 3 // 4)[0]) <= large * 3 // 4


def test_an_alpha_channel_that_hides_nothing_is_dropped() -> None:
    noise = Image.effect_noise((700, 700), 90).convert("RGBA")

    assert scaled(picture(80, 60, "RGBA"), (80, 60)).mode == "RGB"
    assert encoded(noise, sniff.PNG, 10_000_000)[1] is sniff.JPEG
