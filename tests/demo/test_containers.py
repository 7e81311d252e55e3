from typing import Any

import pytest

from chatrepl.demo.containers import LIFETIME_SECONDS
from tests.demo.helpers import Clock, ask, body, engine, events, post, refusal, text, user

CODE = {"type": "code_execution_20260521", "name": "code_execution"}
SKILL = {"type": "anthropic", "skill_id": "xlsx"}


def _body(**more: Any) -> dict[str, Any]:
    return body(user("demo: code"), tools=[CODE], **more)


def test_a_container_is_told_at_the_start_and_the_end_and_lives_as_long_as_it_is_used() -> None:
    clock = Clock()
    on = engine(clock=clock)
    heard = events(post(on, _body(stream=True)))
    (end,) = [event for event in heard if event["type"] == "message_delta"]
    first = end["delta"]["container"]
    assert first == heard[0]["message"]["container"]
    for _ in range(3):
        clock.now += LIFETIME_SECONDS - 1
        again = ask(on, _body(container=first["id"]))["container"]
        assert again["id"] == first["id"]
        assert again["expires_at"] > first["expires_at"]
    clock.now += LIFETIME_SECONDS
    status, words = refusal(on, _body(container={"id": first["id"]}))
    assert (status, "has expired" in words) == (400, True)


def test_skills_are_told_with_their_version() -> None:
    (skill,) = ask(engine(), _body(container={"skills": [SKILL]}))["container"]["skills"]
    assert skill == {**SKILL, "version": "latest"}


def test_a_reply_without_code_has_no_container() -> None:
    assert ask(engine(), body(user(text("hello"))))["container"] is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (_body(container="container_elsewhere"), "`container_elsewhere` was not found"),
        (_body(container={"name": "x"}), "container.name: Extra inputs"),
        (_body(container={"skills": [{"type": "mine"}]}), "container.skills.0.type: Input should"),
        (body(user("hi"), container="c"), "the `code_execution` tool must be provided"),
    ],
)
def test_a_container_that_cannot_be_is_refused(value: dict[str, Any], words: str) -> None:
    status, message = refusal(engine(), value)
    assert (status, words in message) == (400, True)
