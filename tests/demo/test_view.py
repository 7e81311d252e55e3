from typing import Any

import pytest

from chatrepl.demo.validate import check_messages_request
from chatrepl.demo.view import Question, describe, ends, look
from tests.demo.helpers import OLD, assistant, body, document, picture, png, text, user


def _look(*messages: Any, **more: Any) -> Question:
    return look(check_messages_request(body(*messages, **more)))


def test_the_view_knows_turn_question_and_name() -> None:
    view = _look(user("My name is Ada."), assistant("hi"), user("and"), user("now?"))
    assert (view.asked, view.turn, view.name) == ("and\nnow?", 2, "Ada")
    assert view.earlier == ("My name is Ada.",)
    assert _look(user("hi")).name == ""


def test_the_newest_system_prompt_counts() -> None:
    later = {"role": "system", "content": "be brief"}
    assert _look(user("hi"), system="be long").system == "be long"
    assert _look(user("hi"), later, system="be long").system == "be brief"


@pytest.mark.parametrize(
    ("words", "begin"),
    [
        ('Begin your reply with exactly this text: "a\\nb \\"c\\""', 'a\nb "c"'),
        ('Begin your reply with exactly this text, then go on:\n"é"', "é"),
        ('Begin your reply with exactly this text "\\q"', None),
        ("Begin with something", None),
    ],
)
def test_an_instruction_to_begin_is_read(words: str, begin: str | None) -> None:
    view = _look(user(text("hello"), text(words)))
    assert view.begin == begin
    assert view.asked.startswith("hello")
    assert ("exactly" in view.asked) is False or begin is None


def test_a_continuation_looks_at_the_question_before() -> None:
    again = user("Continue exactly where it stops, please.")
    view = _look(user("q"), assistant("a"), again, assistant("b"), again)
    assert (view.asked, view.said, view.continues) == ("q", "ab", True)
    view = _look(user("q"), assistant("a"), model=OLD)
    assert (view.asked, view.said, view.continues) == ("q", "a", False)


def test_only_the_ends_of_a_long_text_are_searched() -> None:
    assert ends("short") == "short"
    assert ends("a" * 1000 + "b" * 1000) == "a" * 300 + " " + "b" * 300


def test_attachments_are_described() -> None:
    view = _look(user(picture(png(30, 20)), document(title="Notes"), text("what?")))
    assert view.attached == ("image/png image, 30 × 20 pixels", "document “Notes” (text/plain)")
    linked = {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}
    assert describe(linked) == "image from https://e.com/a.png"
    assert describe(text("x")) == ""
