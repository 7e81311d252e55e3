import re
from base64 import b64decode, b64encode

import pytest

from chatrepl.attachments.thumbnail import Drawing, drawing_of, thumbnail
from chatrepl.core.talk.blocks import DocumentBlock, ImageBlock
from tests.attachments.pictures import opened, picture, saved


def block(width: int, height: int, form: str = "PNG") -> ImageBlock:
    data = saved(picture(width, height), form)
    return ImageBlock.base64(f"image/{form.lower()}", b64encode(data).decode())


@pytest.mark.parametrize(
    ("environ", "sixel", "drawing"),
    [
        ({"TERM": "xterm-kitty"}, False, "kitty"),
        ({"TERM": "xterm-ghostty"}, False, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, False, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, False, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, True, "iterm"),
        ({"TERM": "xterm-256color"}, True, "sixel"),
        ({"TERM": "xterm-256color"}, False, ""),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, False, ""),
        ({"TERM": "screen", "TERM_PROGRAM": "iTerm.app"}, False, ""),
        ({"TERM": "tmux-256color", "TMUX": "x"}, True, "sixel"),
    ],
)
def test_a_terminal_is_given_what_it_can_draw(
    environ: dict[str, str], sixel: bool, drawing: Drawing
) -> None:
    assert drawing_of(environ, sixel=sixel) == drawing


@pytest.mark.parametrize("size", [(64, 48), (3_000, 2_000), (200, 4_000), (4_000, 100)])
@pytest.mark.parametrize("columns", [12, 80, 200])
def test_a_kitty_picture_is_small_and_keeps_its_shape(size: tuple[int, int], columns: int) -> None:
    drawn = thumbnail(block(*size), "kitty", columns)
    pieces = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]{1,4096})\x1b\\", drawn)

    assert re.sub(r"\x1b_G[^\x1b]*\x1b\\", "", drawn) == "\r\n"
    keys = dict(pair.split("=") for pair in pieces[0][0].split(","))
    assert int(keys["c"]) <= min(40, columns)
    assert int(keys["r"]) <= 8
    assert [piece[0][-1] for piece in pieces] == ["1"] * (len(pieces) - 1) + ["0"]
    image = opened(b64decode("".join(data for _, data in pieces)))
    assert abs(image.width / image.height - size[0] / size[1]) < 0.2 * size[0] / size[1] + 0.5
    assert max(image.size) <= 640


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_other_protocols_are_spoken_whatever_the_format(form: str) -> None:
    image = block(300, 200, form)
    iterm = re.fullmatch(
        r"\x1b\]1337;File=([\w=;]+):([\w+/=]+)\x07\r\n", thumbnail(image, "iterm", 80)
    )
    assert iterm is not None
    assert f"size={len(b64decode(iterm[2]))}" in iterm[1]
    sixel = thumbnail(image, "sixel", 80)
    assert sixel.startswith("\x1bP")
    assert sixel.endswith("\x1b\\\r\n")
    assert sixel[2:-4].isprintable()


def test_what_is_no_picture_is_not_drawn() -> None:
    assert thumbnail(block(9, 9), "", 80) == ""
    assert thumbnail(ImageBlock.url("https://a.example/x.png"), "kitty", 80) == ""
    assert thumbnail(DocumentBlock.plain("x", "x"), "kitty", 80) == ""
    assert thumbnail(ImageBlock.base64("image/png", "AAAA"), "kitty", 80) == ""
