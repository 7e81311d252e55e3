from typing import Any

import pytest

from tests.demo.helpers import ask, assistant, body, engine, refusal, user

SEARCH = {"type": "web_search_20260318", "name": "web_search"}


def _changed(value: Any, key: str) -> Any:
    """Return the same blocks with one opaque word changed, wherever it first stands."""
    if isinstance(value, list):
        return [_changed(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: "ZGVtbw==" if k == key else _changed(item, key) for k, item in value.items()}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("encrypted_content", "content.3: Invalid `encrypted_content` in `search_result` block"),
        ("url", "content.3: Invalid `encrypted_content` in `search_result` block"),
        ("encrypted_index", "Invalid `encrypted_index` in `web_search_result_location`"),
        ("encrypted_stdout", "Invalid `encrypted_stdout` in `encrypted_code_execution_result`"),
    ],
)
def test_what_was_encrypted_comes_back_unchanged(key: str, words: str) -> None:
    on, question = engine(), user("demo: search otters")
    rest: dict[str, Any] = {"tools": [SEARCH], "model": "claude-opus-4-8"}
    content = ask(on, body(question, **rest))["content"]
    ask(on, body(question, assistant(content), user("so?"), **rest))
    status, message = refusal(
        on, body(question, assistant(_changed(content, key)), user("so?"), **rest)
    )
    assert (status, words in message) == (400, True), message


def test_a_summary_is_whole_or_failed() -> None:
    on = engine()
    (block, *_) = ask(on, body(user("demo: show compaction")))["content"]
    for changed, words in (
        ({"content": ""}, "at least 1 character"),
        ({"content": "Another."}, "Invalid `encrypted_content` in `compaction` block"),
        ({"signature": "x"}, "Invalid `signature` in `compaction` block"),
    ):
        assert words in refusal(on, body(assistant({**block, **changed}), user("so?")))[1]
    failed = {"type": "compaction", "content": None}
    assert ask(on, body(user("hi"), assistant(failed), user("so?")))
