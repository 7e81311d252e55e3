"""A small picture of what is attached, in the words of a terminal that can draw it.

To teach another protocol, add it to `Drawing`, `drawing_of` and `thumbnail`.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from chatrepl.attachments.images import DECODING_ERRORS
from chatrepl.core.talk.blocks import Block, ImageBlock

if TYPE_CHECKING:
    from PIL.Image import Image

Drawing: TypeAlias = Literal["", "kitty", "iterm", "sixel"]

_MOST_COLUMNS: Final = 40
_MOST_ROWS: Final = 8
_CELL_PX: Final = (8, 16)  # most terminals have larger ones: the picture is then smaller
_PIECE: Final = 4_096  # of one kitty sequence
_KITTY: Final = frozenset({"xterm-kitty", "xterm-ghostty"})


def drawing_of(environ: Mapping[str, str], *, sixel: bool) -> Drawing:
    """Tell how this terminal draws pictures; `sixel` is what it answered when it was asked.

    tmux passes on only what it said itself that it can do.
    """
    inside = "TMUX" in environ or environ.get("TERM", "").startswith(("screen", "tmux"))
    if not inside:
        if environ.get("TERM") in _KITTY or "KITTY_WINDOW_ID" in environ:
            return "kitty"
        if environ.get("TERM_PROGRAM") in {"iTerm.app", "WezTerm"}:
            return "iterm"
    return "sixel" if sixel else ""


def thumbnail(block: Block, drawing: Drawing, columns: int) -> str:
    """Draw the picture of a block in rows of its own; empty where there is none to draw."""
    if not drawing or not isinstance(block, ImageBlock) or block.source.get("type") != "base64":
        return ""
    from PIL import Image

    try:
        with Image.open(BytesIO(b64decode(str(block.source.get("data"))))) as image:
            width, height = _cells(image.size, min(columns, _MOST_COLUMNS))
            size = (width * _CELL_PX[0] * 2, height * _CELL_PX[1] * 2)
            image.draft(None, size)
            small = image.convert("RGBA")
            small.thumbnail(size if drawing != "sixel" else (size[0] // 2, size[1] // 2))
        return f"{_drawn(small, drawing, width, height)}\r\n"
    except (*DECODING_ERRORS, ImportError):
        return ""


def _cells(size: tuple[int, int], most: int) -> tuple[int, int]:
    """Give the columns and rows of a picture; a cell is twice as high as wide."""
    scale = min(most / size[0], 2 * _MOST_ROWS / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale / 2))


def _drawn(image: "Image", drawing: Drawing, width: int, height: int) -> str:
    if drawing == "sixel":
        from textual_image._sixel import image_to_sixels  # its door asks the terminal by itself

        return image_to_sixels(image)
    buffer = BytesIO()
    image.save(buffer, "PNG")
    data = b64encode(buffer.getvalue()).decode("ascii")
    if drawing == "iterm":
        sized = f"inline=1;width={width};height={height};size={len(buffer.getvalue())}"
        return f"\x1b]1337;File={sized}:{data}\x07"
    pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
    last = len(pieces) - 1
    head = f"a=T,f=100,q=2,c={width},r={height},"  # q=2: it is to answer nothing
    return "".join(
        f"\x1b_G{head if number == 0 else ''}m={int(number < last)};{piece}\x1b\\"
        for number, piece in enumerate(pieces)
    )
