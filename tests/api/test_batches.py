"""Message Batches over real HTTP, against the strict engine and against servers that are odd."""

import json
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.batches import BatchDoor, BatchEntry, BatchStatus, _pieces, packs
from chatrepl.api.client import connect
from chatrepl.core.errors import ApiError, ApiErrorKind, UsageError
from chatrepl.core.exchange.reply import Reply
from chatrepl.demo.batches import PATH
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import Served, serve
from chatrepl.demo.wire import Chunk, WireAnswer, json_answer
from tests.api.helpers import KEY, request, route, run

T = TypeVar("T")


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(Engine()) as served:
        yield served


def ask(served: Served, work: Callable[[BatchDoor], Coroutine[Any, Any, T]]) -> T:
    async def asking() -> T:
        client = connect(route(served.url))
        try:
            return await work(BatchDoor(client))
        finally:
            await client.aclose()

    return run(asking())


async def all_results(batches: BatchDoor, id_: str) -> list[tuple[str, Any]]:
    return [one async for one in batches.results(id_)]


def entry(number: int, body: bytes) -> BatchEntry:
    return BatchEntry(f"n-{number}", len(body), lambda: body)


def asked(*texts: str) -> list[BatchEntry]:
    return [entry(number, request(text).encode()) for number, text in enumerate(texts)]


def test_requests_go_out_in_one_and_each_reply_comes_back_under_its_name(served: Served) -> None:
    async def all_of_it(batches: BatchDoor) -> dict[str, Reply | ApiError]:
        made = await batches.create(asked("demo: say a", "demo: error 400", "demo: say c"), {})
        assert (made.total, served.requests[-1].path) == (3, PATH)
        ended = await batches.retrieve(made.id)
        assert (ended.ended, ended.left, ended.counts) == (True, 0, {"succeeded": 2, "errored": 1})
        assert ended.expires - ended.created == 86_400
        results: dict[str, Reply | ApiError] = {}
        async for custom_id, result in batches.results(made.id):
            reply = Reply()
            for event in result if isinstance(result, list) else ():
                reply = reply.apply(event)
            results[custom_id] = result if isinstance(result, ApiError) else reply
        return results

    results = ask(served, all_of_it)
    first, failed, last = results["n-0"], results["n-1"], results["n-2"]
    assert isinstance(first, Reply)
    assert isinstance(last, Reply)
    assert (first.text, last.text, last.complete) == ("a", "c", True)
    assert first.usage_wire["service_tier"] == "batch"
    assert isinstance(failed, ApiError)
    assert failed.kind is ApiErrorKind.INVALID


def test_a_long_list_of_results_is_read_as_it_comes(served: Served) -> None:
    async def count(batches: BatchDoor) -> int:
        made = await batches.create(asked(*["demo: count to 900"] * 60), {})
        return len(await all_results(batches, made.id))

    assert ask(served, count) == 60


def test_batches_are_listed_over_all_pages_and_cancelled(served: Served) -> None:
    served.engine.batches.seconds = 3600

    async def ids(batches: BatchDoor) -> tuple[list[str], str, str]:
        made = [(await batches.create(asked("demo: say a"), {})).id for _ in range(103)]
        listed = [one.id async for one in batches.all()]
        assert listed == made[::-1]
        status = (await batches.cancel(made[0])).status
        return listed, status, (await batches.retrieve(made[1])).status

    listed, cancelled, other = ask(served, ids)
    assert (len(listed), cancelled, other) == (103, "canceling", "in_progress")


@pytest.mark.parametrize("kind", ["expired", "canceled", "novel"])
def test_what_was_never_answered_says_why(served: Served, kind: str) -> None:
    line = json.dumps({"custom_id": "n-0", "result": {"type": kind}}).encode()
    body = b"\n".join([b"no json", b'{"custom_id": 3}', line])  # no line end after the last
    answer = WireAnswer(200, {"content-type": "application/x-jsonl"}, (Chunk(body),))
    served.engine.script(answer, path=f"{PATH}/msgbatch_1/results")

    ((custom_id, error),) = ask(served, lambda batches: all_results(batches, "msgbatch_1"))
    assert custom_id == "n-0"
    assert isinstance(error, ApiError)
    assert "--retry-failed" in error.hint


def test_what_is_no_batch_is_an_error_in_words(served: Served) -> None:
    served.engine.script(json_answer(200, {"type": "message"}, {}), path=PATH)
    with pytest.raises(ApiError, match="Message Batches") as odd:
        ask(served, lambda batches: batches.create(asked("x"), {}))
    assert not odd.value.retryable
    with pytest.raises(ApiError) as error:
        ask(served, lambda batches: batches.retrieve("msgbatch_none"))
    assert error.value.status == 404


@pytest.mark.parametrize("id_", ["", "../models", "a/b", "x" * 200])
def test_what_is_no_id_asks_for_nothing(served: Served, id_: str) -> None:
    with pytest.raises(UsageError):
        ask(served, lambda batches: batches.cancel(id_))
    assert served.requests == []


def test_no_key_that_a_result_repeats_is_passed_on(served: Served) -> None:
    line = {"custom_id": "n-0", "result": {"type": "errored", "error": {"error": {"message": KEY}}}}
    answer = WireAnswer(200, {}, (Chunk(json.dumps(line).encode() + b"\n"),))
    served.engine.script(answer, path=f"{PATH}/b/results")

    ((_, error),) = ask(served, lambda batches: all_results(batches, "b"))
    assert KEY not in str(error)


def listed(*ids: str, **more: Any) -> WireAnswer:
    data = [{"id": id_, "processing_status": "ended"} for id_ in ids]
    return json_answer(200, {"data": data, **more}, {})


@pytest.mark.parametrize(
    ("pages", "ids"),
    [
        ([listed("a", has_more=True, last_id="a")] * 9, ["a", "a"]),
        ([listed("a", has_more=True, last_id="a"), listed("b", has_more=True, last_id="b")] * 9,
         ["a", "b", "a"]),
        ([listed("a", has_more=True, last_id="a"), listed("b", has_more=False, last_id="b")],
         ["a", "b"]),
        ([listed("a", has_more=False, last_id="a")] * 9, ["a"]),
        ([listed("a", last_id="a")] * 9, ["a"]),
        ([listed("a", has_more=True)] * 9, ["a"]),
        ([listed("a", has_more=True, last_id=None)] * 9, ["a"]),
        ([listed("a", has_more=True, last_id="a&x=/..")] * 9, ["a"]),
        ([listed("a", has_more=True, last_id=["a"])] * 9, ["a"]),
        ([json_answer(200, {"data": "abc", "has_more": True, "last_id": "a"}, {})] * 9, []),
    ],
)  # fmt: skip
def test_a_list_of_batches_ends_whatever_a_server_says(
    served: Served, pages: list[WireAnswer], ids: list[str]
) -> None:
    for page in pages:
        served.engine.script(page, path=PATH)

    async def all_of_them(batches: BatchDoor) -> list[str]:
        return [one.id async for one in batches.all()]

    assert ask(served, all_of_them) == ids


@pytest.mark.parametrize(
    "when",
    [
        None, 3, "yesterday", [], "9999-99-99", "0001-01-01T00:00:00Z", "1969-01-01T00:00:00",
        "0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00",
    ],
)  # fmt: skip
@pytest.mark.parametrize("counts", [None, 3, [1], {"processing": -1, "errored": True}])
def test_what_a_server_says_oddly_of_a_batch_is_left_open(
    served: Served, when: object, counts: object
) -> None:
    said = {
        "id": "b", "processing_status": "ended", "created_at": when, "expires_at": when,
        "request_counts": counts,
    }  # fmt: skip
    served.engine.script(json_answer(200, said, {}), path=f"{PATH}/b")
    assert ask(served, lambda batches: batches.retrieve("b")) == BatchStatus("b", "ended", {}, 0, 0)


@pytest.mark.parametrize("usage", [None, 3, [], "many"])
def test_a_reply_without_counts_is_a_reply(served: Served, usage: object) -> None:
    message = {"model": "m", "content": [{"type": "text", "text": "Yes."}], "usage": usage}
    line = {"custom_id": "n-0", "result": {"type": "succeeded", "message": message}}
    served.engine.script(
        WireAnswer(200, {}, (Chunk(json.dumps(line).encode()),)), path=f"{PATH}/b/results"
    )
    ((_, events),) = ask(served, lambda batches: all_results(batches, "b"))
    reply = Reply()
    for event in events:
        reply = reply.apply(event)
    assert (reply.text, reply.usage_known) == ("Yes.", False)


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 64)), max_size=30), st.integers(1, 6))
def test_no_batch_is_longer_or_larger_than_the_service_takes(
    made: list[tuple[int, int]], most: int
) -> None:
    some = [BatchEntry("n" * name, size, partial(bytes, size)) for size, name in made]
    batches = list(packs(some, most, most_bytes=500))
    assert [one for batch in batches for one in batch] == some
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len(b"".join(_pieces(batch))) <= 500 + len(b'{"requests":[]}') or len(batch) == 1
    for batch, after in pairwise(batches):  # nor is any shorter than it must be
        sizes = [one.size + len(one.custom_id) + 40 for one in (*batch, after[0])]
        assert len(batch) == most or sum(sizes) > 500


def test_a_list_is_split_by_number_and_by_size() -> None:
    some = [entry(number, b"x" * 100) for number in range(10)]
    assert [len(pack) for pack in packs(some, most=4)] == [4, 4, 2]
    by_size = list(packs(some, most_bytes=450))
    assert [len(pack) for pack in by_size] == [3, 3, 3, 1]
    assert [one for pack in by_size for one in pack] == some
    assert list(packs([])) == []
