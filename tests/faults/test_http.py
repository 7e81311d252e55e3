"""What the service answers instead of a reply: one row a kind of status, asked in a real run."""

import json
from dataclasses import dataclass

import pytest

from tests.faults.home import CANARY, QUESTION, Home
from tests.faults.raw import answering, sends


@dataclass(frozen=True, slots=True)
class Row:
    step: str
    code: int
    err: str


ROWS: dict[str, list[Row]] = {
    "H1": [Row("error 400", 1, "refused on request")],
    "H2": [Row("error 401", 3, "key from ANTHROPIC_API_KEY"), Row("error 403", 3, "rights")],
    "H3": [Row("error 404", 2, "no model claude-sonnet-5-5")],
    "H4": [
        Row("error 408", 4, "408"),
        Row("error 409", 4, "409"),
        Row("error 500", 4, "500"),
        Row("error 502", 4, "502"),
        Row("error 503", 4, "503"),
        Row("error 504", 4, "504"),
        Row("error 529", 4, "overloaded"),
    ],
    "H5": [Row("error 413", 5, "Attach less"), Row("error 422", 1, "could not be processed")],
    "H6": [
        Row("error 429", 4, "rate limit"),
        Row("error 429 retry-after 86400", 4, "wait 24 h"),
        Row("error 429 retry-after absurd", 4, "more than a year"),
        Row("error 429 retry-after nonsense", 4, "rate limit"),
        Row("error 429 retry-after none", 4, "rate limit"),
        Row("error 429 retry-after date -9000", 4, "rate limit"),
        Row("error 429 spend", 1, "spend limit"),
    ],
    "H7": [Row("error 402", 1, "credit balance")],
}


@pytest.mark.parametrize("name", ROWS, ids=str)
def test_a_refusal_is_told_in_words_and_the_question_is_kept(home: Home, name: str) -> None:
    for row in ROWS[name]:
        home.desk.script(row.step)
        done = home.ask()

        assert (done.code, done.out) == (row.code, ""), (row, done)
        assert row.err in done.err, (row, done)
        assert "<" not in done.err  # no page of a proxy
        assert home.kept() == (QUESTION, ""), row


@pytest.mark.parametrize("status", [431, 499, 501, 599, 418])
def test_h7_a_status_nobody_expects_has_words_too(home: Home, status: int) -> None:
    answer = f"HTTP/1.1 {status} Odd\r\ncontent-length: 3\r\n\r\n<p>".encode()
    with answering(sends(answer)) as url:
        done = home.ask("--base-url", url)

    assert done.code == (4 if status >= 500 else 1)
    assert str(status) in done.err
    assert home.kept() == (QUESTION, "")


@pytest.mark.parametrize(
    "wish",
    ["retry-after ms 200", "retry-after date 1", "retry-after nonsense"],
)
def test_h6_a_wait_that_was_wished_for_is_waited_once(home: Home, wish: str) -> None:
    home.desk.script(f"error 429 x1 {wish}", "say there")
    done = home.ask(env={"CHATREPL_RETRIES": "2"})

    assert (done.code, done.out) == (0, "there\n")
    assert len(home.requests) == 2
    assert home.kept() == (QUESTION, "there")


def test_h6_an_absurd_wait_is_not_waited_for(home: Home) -> None:
    home.desk.script("error 429 retry-after absurd", "say never")
    done = home.ask(env={"CHATREPL_RETRIES": "2"})

    assert done.code == 4
    assert len(home.requests) == 1


def refusal(status: int, kind: str, message: str) -> bytes:
    """Give an answer as the service refuses with."""
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}})
    head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


def test_h1_a_context_that_is_too_long_is_told_with_the_way_out(home: Home) -> None:
    answer = refusal(400, "invalid_request_error", "prompt is too long: 9 > 8")
    with answering(sends(answer)) as url:
        done = home.ask("--base-url", url)

    assert done.code == 5
    assert "--dry-run" in done.err


def test_h2_words_of_the_service_that_repeat_the_key_are_cleaned(home: Home) -> None:
    answer = refusal(401, "authentication_error", f"no such key: {CANARY} \x1b[31m")
    with answering(sends(answer)) as url:
        done = home.ask("--base-url", url)  # the home looks for the key everywhere

    assert done.code == 3
    assert "no such key" in done.err
