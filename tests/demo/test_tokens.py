from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.models import usable
from chatrepl.demo.tokens import block_tokens, count_text, image_tokens, longest_within
from tests.demo.helpers import NEW, OLD, document, picture, png

new, old = usable(NEW), usable(OLD)


@given(st.text(), st.text())
def test_a_longer_text_never_costs_less(one: str, two: str) -> None:
    for model in (new, old):
        whole = count_text(one + two, model)
        assert count_text(one, model) <= whole
        assert whole <= count_text(one, model) + count_text(two, model)
    assert count_text(one, old) <= count_text(one, new) + 1


@given(st.text(), st.integers(0, 20))
def test_the_longest_beginning_fits_and_one_more_does_not(text: str, limit: int) -> None:
    kept = longest_within(text, limit, lambda part: count_text(part, new))
    assert text.startswith(kept)
    assert count_text(kept, new) <= limit
    if kept != text:
        assert count_text(text[: len(kept) + 1], new) > limit


def test_images_cost_one_token_per_tile_after_downscaling() -> None:
    table = [
        ((1024, 1024), 1369, 1369),
        ((1280, 720), 1196, 1196),
        ((1920, 1080), 2691, 1568),
        ((200, 200), 64, 64),
        ((1, 1), 1, 1),
    ]
    for size, high, standard in table:
        assert image_tokens(size, new) == high
        assert image_tokens(size, old) <= standard
        assert image_tokens(size, old) > standard * 0.95
    assert image_tokens((8000, 8000), new) <= 4784


def test_every_kind_of_block_has_a_price() -> None:
    blocks = [
        picture(png(280, 280)),
        document("word " * 50),
        {"type": "document", "source": {"type": "base64", "data": "JVBERi0="}},
        {"type": "document", "source": {"type": "content", "content": "abc def"}},
        {"type": "thinking", "thinking": "", "signature": "abcdefgh"},
        {"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "a"}]},
        {"type": "tool_use", "id": "x", "name": "y", "input": {}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
    ]
    for block in blocks:
        assert block_tokens(block, new) > 0
    assert block_tokens(blocks[0], new) == 100
