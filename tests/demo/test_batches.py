"""Message Batches as the service has them: what is refused, what is told when, what comes of it."""

import json
from typing import Any

import pytest

from chatrepl.demo.batches import KEPT_S, LASTS_S, PATH
from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import WireAnswer
from tests.demo.helpers import HEADERS, NEW, Clock, engine


class Account:
    """An engine, its clock, and a way to ask it."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.clock = Clock()
        self.engine: Engine = engine(clock=self.clock)
        self.engine.batches.seconds = seconds

    def ask(self, method: str, path: str = "", body: Any = None) -> WireAnswer:
        data = b"" if body is None else json.dumps(body).encode()
        return self.engine.handle(method, f"{PATH}{path}", HEADERS, data)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def create(self, *texts: str) -> str:
        requests = [one(f"id-{n}", text) for n, text in enumerate(texts)]
        answer = self.ask("POST", "", {"requests": requests})
        assert answer.status == 200, answer.body
        return str(json.loads(answer.body)["id"])

    def results(self, id_: str) -> list[dict[str, Any]]:
        answer = self.ask("GET", f"/{id_}/results")
        assert answer.status == 200, answer.body
        return [json.loads(line) for line in answer.body.splitlines()]


def one(custom_id: Any = "a", text: str = "demo: say x", **params: Any) -> dict[str, Any]:
    asked = [{"role": "user", "content": text}]
    given = {"model": NEW, "max_tokens": 100, "messages": asked, **params}
    return {"custom_id": custom_id, "params": given}


def test_each_request_has_a_result_of_its_own_in_another_order() -> None:
    account = Account()
    id_ = account.create("demo: say a", "demo: error 400", "demo: say c", "demo: error 502")
    results = {line["custom_id"]: line["result"] for line in account.results(id_)}

    assert [line["custom_id"] for line in account.results(id_)] != sorted(results)
    kinds = {id_: result["type"] for id_, result in results.items()}
    assert kinds == {"id-0": "succeeded", "id-1": "errored", "id-2": "succeeded", "id-3": "errored"}
    message = results["id-2"]["message"]
    assert (message["content"][0]["text"], message["usage"]["service_tier"]) == ("c", "batch")
    assert results["id-1"]["error"]["error"]["type"] == "invalid_request_error"
    assert account.get(f"/{id_}")["request_counts"] == {
        "processing": 0, "succeeded": 2, "errored": 2, "canceled": 0, "expired": 0,
    }  # fmt: skip


def test_until_it_has_ended_nothing_is_told_of_single_requests() -> None:
    account = Account(seconds=60)
    id_ = account.create("demo: say a", "demo: say b")
    begun = account.get(f"/{id_}")
    assert (begun["processing_status"], begun["ended_at"]) == ("in_progress", None)
    assert (begun["request_counts"]["processing"], begun["results_url"]) == (2, None)
    assert account.ask("GET", f"/{id_}/results").status == 404
    assert account.ask("DELETE", f"/{id_}").status == 400

    account.clock.now += 60
    ended = account.get(f"/{id_}")
    assert (ended["processing_status"], ended["request_counts"]["succeeded"]) == ("ended", 2)
    assert ended["results_url"].endswith(f"{id_}/results")
    assert account.ask("POST", f"/{id_}/cancel").status == 400


def test_what_is_cancelled_keeps_what_was_worked_off() -> None:
    account = Account(seconds=100)
    id_ = account.create(*["demo: say a"] * 10)
    account.clock.now += 50
    cancelled = json.loads(account.ask("POST", f"/{id_}/cancel").body)
    assert cancelled["processing_status"] == "canceling"
    assert cancelled["cancel_initiated_at"]
    account.clock.now += 2
    counts = account.get(f"/{id_}")["request_counts"]
    assert 0 < counts["succeeded"] < 10
    assert counts["succeeded"] + counts["canceled"] == 10


def test_what_is_not_worked_off_in_a_day_expires_and_results_are_kept_for_29_days() -> None:
    account = Account(seconds=2 * LASTS_S)
    id_ = account.create("demo: say a")
    account.clock.now += LASTS_S
    assert account.get(f"/{id_}")["request_counts"]["expired"] == 1

    other = Account()
    other.engine.batches.overdue = 1
    id_ = other.create("demo: say a", "demo: say b")
    kinds = {line["custom_id"]: line["result"]["type"] for line in other.results(id_)}
    assert kinds == {"id-0": "succeeded", "id-1": "expired"}
    other.clock.now += KEPT_S
    assert other.get(f"/{id_}")["archived_at"]
    assert other.get(f"/{id_}")["results_url"] is None
    assert other.ask("GET", f"/{id_}/results").status == 404
    assert other.ask("DELETE", f"/{id_}").status == 200
    assert other.ask("GET", f"/{id_}").status == 404


def test_a_list_has_pages_with_the_newest_first() -> None:
    account = Account()
    assert account.get("") == {"data": [], "has_more": False, "first_id": None, "last_id": None}
    ids = [account.create("demo: say a") for _ in range(3)]
    page = account.get("?limit=2")
    assert [each["id"] for each in page["data"]] == [ids[2], ids[1]]
    assert (page["has_more"], page["last_id"]) == (True, ids[1])
    rest = account.get(f"?after_id={ids[1]}")
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([ids[0]], False)
    assert account.ask("GET", "?limit=0").status == 400
    assert account.ask("GET", "?after_id=nobody").status == 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "body"),
        ({}, "requests: Field required"),
        ({"requests": {}}, "requests"),
        ({"requests": []}, "between 1 and 100000"),
        ({"requests": [one()], "name": "x"}, "name: Extra inputs"),
        ({"requests": ["x"]}, "requests.0"),
        ({"requests": [one(""), one()]}, "requests.0.custom_id: String should match"),
        ({"requests": [one("a b")]}, "custom_id"),
        ({"requests": [one("x" * 65)]}, "custom_id"),
        ({"requests": [one(7)]}, "custom_id"),
        ({"requests": [one("a"), one("a")]}, "must be unique: a"),
        ({"requests": [one(stream=True)]}, "stream"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params"),
        ({"requests": [{**one(), "more": 1}]}, "requests.0.more: Extra"),
    ],
)
def test_what_is_wrong_with_the_list_is_refused_at_once(body: Any, words: str) -> None:
    answer = Account().ask("POST", "", body)
    assert answer.status == 400
    assert words in json.loads(answer.body)["error"]["message"]


def test_too_many_and_too_much_are_refused_and_no_json_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account()
    assert account.engine.handle("POST", PATH, HEADERS, b"{").status == 400
    monkeypatch.setattr("chatrepl.demo.batches.MOST_REQUESTS", 1)
    assert account.ask("POST", "", {"requests": [one("a"), one("b")]}).status == 400
    monkeypatch.setattr("chatrepl.demo.batches.MOST_BYTES", 10)
    assert account.ask("POST", "", {"requests": [one("a")]}).status == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "", 405), ("DELETE", "", 405), ("POST", "/x", 405), ("GET", "/x/y", 404)],
)
def test_other_ways_lead_nowhere(method: str, path: str, status: int) -> None:
    assert Account().ask(method, path).status == status
