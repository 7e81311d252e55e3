import json

import pytest

from chatrepl.demo.faults import STREAM_FAULTS, cut_after, instead
from chatrepl.demo.stream import events
from chatrepl.demo.wire import Ending, WireAnswer
from tests.demo.helpers import accumulated, ask, body, engine, post, said, user
from tests.demo.helpers import events as events_of


def _broken(kind: str, more: str = "") -> WireAnswer:
    return post(engine(), body(user(f"demo: stream {kind}{more}"), stream=True))


@pytest.mark.parametrize("kind", STREAM_FAULTS)
def test_every_fault_of_the_stream_changes_the_answer(kind: str) -> None:
    broken, whole = _broken(kind), _broken("no-stop", "; long 30")
    assert broken.status == 200
    good = post(engine(), body(user("hello"), stream=True))
    assert (broken.ending, broken.headers, b"message_stop" in broken.body) != (
        Ending.CLEAN,
        good.headers,
        True,
    ) or kind in {"double-start", "double", "no-usage", "no-message", "no-delta", "no-index",
                  "no-type", "unknown", "huge", "start-text", "start-message",
                  "null-stop"}  # fmt: skip
    assert whole.status == 200


def _names(answer: WireAnswer) -> list[str]:
    return [line[7:] for line in answer.body.decode().splitlines() if line.startswith("event: ")]


def test_missing_fields_are_missing() -> None:
    for kind, field in (
        ("no-usage", b'"usage"'),
        ("no-message", b'"message":'),
        ("no-delta", b'"delta":'),
        ("no-index", b'"index"'),
    ):
        assert field not in _broken(kind).body
    assert b'"type":"message_stop"' not in _broken("no-type").body


def test_events_are_doubled_unknown_or_errors() -> None:
    assert _names(_broken("double-start")).count("message_start") == 2
    assert _names(_broken("double")).count("message_stop") == 2
    assert "weather_report" in _names(_broken("unknown"))
    assert b"hologram" in _broken("unknown").body
    assert _names(_broken("error-first")) == ["error"]
    assert _names(_broken("error"))[-1] == "error"
    assert "content_block_delta" in _names(_broken("error"))
    assert set(_names(_broken("pings"))) == {"ping"}
    assert len(_broken("huge").body) > 5_000_000


def test_other_content_than_a_stream() -> None:
    assert _broken("html").headers["content-type"].startswith("text/html")
    assert json.loads(_broken("json").body) == {"status": "ok"}
    assert _broken("empty").body == b""
    with pytest.raises(UnicodeDecodeError):
        _broken("bad-utf8").body.decode()


def test_endings_are_what_they_are_called() -> None:
    for kind, ending in (
        ("torn", Ending.TORN),
        ("reset", Ending.RESET),
        ("stall", Ending.STALL),
        ("pings-after", Ending.REPEAT),
    ):
        assert _broken(kind).ending is ending
    assert instead("refused", {}) == WireAnswer(200, {}, ending=Ending.REFUSED)
    assert instead("torn", {}) is None


def test_a_fault_comes_after_as_many_deltas_as_asked() -> None:
    for after in (0, 1, 7):
        answer = _broken("cut", f" after {after}")
        assert answer.body.count(b'"text_delta"') == after
    found = events(ask(engine(), body(user("hello"))))
    assert cut_after(found, 10_000) < len(found)
    assert cut_after([], 3) == 0


def test_a_fault_comes_as_often_as_asked() -> None:
    on = engine()
    value = body(user("demo: stream torn x1"), stream=True)
    assert [post(on, value).ending for _ in range(3)] == [Ending.TORN, Ending.CLEAN, Ending.TORN]


def test_text_may_come_in_a_start() -> None:
    whole = accumulated(_broken("null-stop", "; say one two three"))
    assert whole["stop_reason"] is None
    begun = _broken("start-text", "; say one two three")
    (start,) = [e for e in events_of(begun) if e["type"] == "content_block_start"]
    assert start["content_block"]["text"] == "one"
    assert said(accumulated(begun)) == said(whole) == "one two three"
    first = events_of(_broken("start-message", "; say one two three"))
    assert said(first[0]["message"]) == "one two three"
    assert not any(event["type"].startswith("content_block") for event in first)
