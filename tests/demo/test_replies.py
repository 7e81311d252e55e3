from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.replies import thoughts
from chatrepl.demo.scripts.topics import TOPICS
from chatrepl.demo.view import Question
from tests.demo.helpers import ask, assistant, body, engine, picture, png, said, text, user


def _reply(*messages: Any, **more: Any) -> str:
    return said(ask(engine(), body(*messages, **more)))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("hello", "Hello"),
        ("help", "## What chatrepl does"),
        ("some python code", "```python"),
        ("rust please", "```rust"),
        ("a sql query", "```sql"),
        ("a table", "|:--"),
        ("a list of ideas", "1. **"),
        ("markdown", "- [x]"),
        ("how does prefill work", "**native**"),
        ("what do tokens cost", "| turn |"),
        ("think about it", "**switch**"),
        ("who are you", "no model is running"),
        ("a haiku", "*A prompt*"),
        ("tell me about whales", "whales"),
    ],
)
def test_words_call_their_subject(words: str, shown: str) -> None:
    assert shown in _reply(user(words))


def test_it_says_once_that_no_model_is_running_and_again_when_asked() -> None:
    first = _reply(user("hello"))
    assert "No model is running" in first
    later = (user("hello"), assistant(first))
    assert "No model" not in _reply(*later, user("a table"))
    assert "no model is running" in _reply(*later, user("are you real?"))


def test_the_system_prompt_is_respected_visibly() -> None:
    reply = _reply(user("hello"), system="Be brief.")
    assert reply.startswith("*As your system prompt asks (“Be brief.”):*")
    assert len(reply) < len(_reply(user("hello")))
    assert "Arr!" in _reply(user("hello"), system="You are a pirate")


def test_it_remembers_names_and_turns() -> None:
    before = (user("My name is Ada"), assistant("hi"), user("and I like cats"), assistant("ok"))
    assert "**Ada**" in _reply(*before, user("what is my name?"))
    assert "turn 1" in _reply(*before, user("what's my name?"))
    reply = _reply(*before, user("how many turns?"))
    assert "turn **3**" in reply
    assert "2. and I like cats" in reply
    assert "not told me" in _reply(user("what is my name?"))
    assert "first turn" in _reply(user("what did I say?"))
    assert "Nice to meet you, **Zoë**" in _reply(user("my name is Zoë"))


def test_an_attachment_is_named_with_type_and_size() -> None:
    reply = _reply(user(picture(png(64, 48)), text("what is it?")))
    assert "image/png image, 64 × 48 pixels" in reply
    reply = _reply(user(picture(png(1, 2)), picture(png(3, 4)), text("both?")))
    assert "1 × 2" in reply
    assert "3 × 4" in reply


def test_the_request_is_echoed_and_nonsense_gets_the_guide() -> None:
    assert '"max_tokens": 4000' in _reply(user("demo: echo-request ```"))
    assert "I do not know `demo: dance`" in _reply(user("demo: dance"))
    assert "needs something to work with" in _reply(user("demo: search"))
    assert "needs something to work with" in _reply(user("demo: stop pause_turn"))
    assert "\x1b" in _reply(user("demo: hostile"))
    assert "こんにちは" in _reply(user("demo: unicode"))


@given(st.text(min_size=1).filter(str.strip))
def test_any_question_gets_an_answer_that_can_be_sent_back(question: str) -> None:
    reply = _reply(user(question))
    assert reply.strip()
    ask(engine(), body(user(question), assistant(reply), user("go on")))


def test_answers_vary_and_thoughts_bear_on_the_question() -> None:
    replies = {_reply(user(f"tell me of {thing}")) for thing in ("whales", "tea", "Mars", "rain")}
    assert len({reply.splitlines()[0][:6] for reply in replies}) > 1
    view = Question("hello", ("before",), "a system", ("an image",))
    for words in ("hello", "before", "an image", "turn 2"):
        assert words in thoughts(view)
    assert len(TOPICS) > 20
