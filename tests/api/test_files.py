"""Files of the service over real HTTP, and what an odd server may say of them."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from chatrepl.api.client import connect
from chatrepl.api.files import FileDoor
from chatrepl.core.errors import ApiError
from chatrepl.core.talk.workshop import MadeFile
from chatrepl.demo.engine import Engine
from chatrepl.demo.files import PATH
from chatrepl.demo.server import Served, serve
from chatrepl.demo.wire import json_answer
from tests.api.helpers import route, run

T = TypeVar("T")


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(Engine()) as served:
        yield served


def ask(served: Served, work: Callable[[FileDoor], Coroutine[Any, Any, T]]) -> T:
    async def asking() -> T:
        client = connect(route(served.url))
        try:
            return await work(FileDoor(client))
        finally:
            await client.aclose()

    return run(asking())


async def read(door: FileDoor, id_: str) -> bytes:
    return b"".join([chunk async for chunk in door.content(id_)])


def test_a_file_is_described_and_comes_as_it_is(served: Served) -> None:
    data = bytes(range(256)) * 2_000
    served.engine.files.keep("file_1", "a b.bin", data)
    about = ask(served, lambda door: door.about("file_1"))
    assert about == MadeFile("file_1", "a b.bin", len(data), "application/octet-stream")
    assert ask(served, lambda door: read(door, "file_1")) == data
    served.engine.files.keep("file_2", downloadable=False)
    assert ask(served, lambda door: door.about("file_2")).given is False


@pytest.mark.parametrize(
    "facts", [{}, {"filename": 3, "size_bytes": -1, "mime_type": None, "downloadable": "?"}]
)
def test_what_a_server_does_not_tell_is_not_known(served: Served, facts: dict[str, Any]) -> None:
    served.engine.script(json_answer(200, facts, {}), path=f"{PATH}/file_1")
    assert ask(served, lambda door: door.about("file_1")) == MadeFile("file_1")


@pytest.mark.parametrize("id_", ["../messages", "a/b", "", "a?b", "é", "x" * 200])
def test_an_id_is_never_another_path(served: Served, id_: str) -> None:
    for work in (lambda door: door.about(id_), lambda door: read(door, id_)):
        with pytest.raises(ApiError, match="Its id is none of the service"):
            ask(served, work)
    assert served.requests == []


def test_a_file_that_is_not_there_is_an_error_in_words(served: Served) -> None:
    with pytest.raises(ApiError, match="File not found: file_9"):
        ask(served, lambda door: read(door, "file_9"))
