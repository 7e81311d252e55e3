import base64
from typing import Any

import pytest

from chatrepl.demo.validate_blocks import check_block, check_images
from chatrepl.demo.wire import ApiFault
from tests.demo.helpers import body, document, engine, picture, png, post, refusal, text, user

PDF = base64.b64encode(b"%PDF-1.7\n").decode()


def _source(**source: Any) -> dict[str, Any]:
    return {"type": "image", "source": source}


def _doc(**source: Any) -> dict[str, Any]:
    return {"type": "document", "source": source}


BAD: list[tuple[Any, str]] = [
    ("text", "valid dictionary"),
    ({}, "type: Field required"),
    ({"type": "video"}, "does not match any of the expected tags"),
    ({"type": "text"}, "text.text: Field required"),
    ({"type": "text", "text": 7}, "valid string"),
    (text("x", colour="red"), "text.colour: Extra inputs"),
    (text("x", citations=[{"type": "char_location"}]), "citations are not permitted"),
    (_source(type="base64", media_type="image/png", data="!"), "Invalid base64"),
    (_source(type="base64", media_type="image/png", data="aGk="), "Could not process image"),
    (_source(type="base64", media_type="image/tiff", data=""), "media_type"),
    (_source(type="base64", media_type="image/png"), "data: Field required"),
    (picture(png(), "image/jpeg"), "appears to be a image/png image"),
    (picture(png(0, 4)), "Could not process image"),
    (_source(type="url", url="file:///etc/passwd"), "Only HTTP(S)"),
    (_source(type="disk", path="/x"), "expected tags"),
    (_source(type="base64", media_type="image/png", data="A" * 10_485_761), "exceeds 10 MB"),
    (_doc(type="base64", media_type="application/pdf", data="aGk="), "PDF specified was not valid"),
    (_doc(type="base64", media_type="text/html", data=PDF), "media_type"),
    (_doc(type="text", media_type="text/plain", data="  "), "non-empty"),
    ({"type": "tool_use", "id": "a", "name": "b", "input": {}}, "not permitted in `user`"),
    ({"type": "thinking", "thinking": "", "signature": ""}, "not permitted in `user`"),
    ({"type": "tool_result", "tool_use_id": "a", "content": 7}, "valid string"),
    (
        {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "thinking"}]},
        "expected tags",
    ),
]


@pytest.mark.parametrize(("block", "words"), BAD, ids=[row[1] for row in BAD])
def test_a_bad_block_is_refused_with_its_place(block: Any, words: str) -> None:
    with pytest.raises(ApiFault) as caught:
        check_block("messages.0.content.0", block, "user")
    assert words in caught.value.message
    assert caught.value.status == 400


def test_good_blocks_pass() -> None:
    for block in (
        text("x", cache_control={"type": "ephemeral"}),
        picture(png()),
        document(title="t", context="c", citations={"enabled": True}),
        _doc(type="base64", media_type="application/pdf", data=PDF),
        _doc(type="url", url="https://example.com/a.pdf"),
        _source(type="file", file_id="file_1"),
        {"type": "tool_result", "tool_use_id": "a", "content": [picture(png())]},
        {"type": "tool_result", "tool_use_id": "a"},
    ):
        check_block("p", block, "user")
    for block in (text("x", citations=None), {"type": "redacted_thinking", "data": "x"}):
        check_block("p", block, "assistant")


def test_documents_belong_to_the_user() -> None:
    for block in (document(), picture(png())):
        with pytest.raises(ApiFault, match="not permitted in `assistant`"):
            check_block("p", block, "assistant")


def test_past_twenty_images_the_sides_are_limited_to_2000_pixels() -> None:
    few = [picture(png(2001, 10)) for _ in range(20)]
    assert post(engine(), body(user(*few, text("?")))).status == 200
    answer = post(engine(), body(user(*few, picture(png()), text("?"))))
    assert b"for many-image requests: 2000 pixels" in answer.body
    assert b"image_dimensions_too_large" in answer.body
    assert "8000 pixels" in refusal(engine(), body(user(picture(png(8001, 1)), text("?"))))[1]


def test_a_small_window_takes_a_hundred_images() -> None:
    blocks = [("p", _source(type="url", url="https://e.com"))] * 101
    check_images(blocks, 1_000_000)
    with pytest.raises(ApiFault, match="Too many images"):
        check_images(blocks, 200_000)
