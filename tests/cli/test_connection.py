import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from chatrepl.api.headstart.start import HeadStart
from chatrepl.cli.connection import has_credentials, open_connection
from chatrepl.core.errors import ApiError
from chatrepl.core.exchange.reply import MessageStop, RetryWait, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Message
from chatrepl.demo.server import serve
from tests.cli.given import KEY, loaded, settle

REQUEST = Request(
    {"model": "claude-opus-5-5", "max_tokens": 90}, (Message("user", (TextBlock("hi"),)),)
)


async def _all(events: AsyncGenerator[StreamEvent, None]) -> list[StreamEvent]:
    return [event async for event in events]


def test_without_credentials_there_is_no_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)

    assert not has_credentials(loaded().settings)
    with pytest.raises(ApiError) as caught:
        open_connection(loaded().settings, demo=False, single=True)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("single", [True, False])
def test_requests_are_sent_and_passing_failures_waited_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, single: bool
) -> None:
    async def work() -> list[StreamEvent]:
        connection = open_connection(loaded("retries=1").settings, demo=False, single=single)
        assert isinstance(connection.first, HeadStart) == single
        async with connection.http:
            await connection.warm()  # says nothing to a server without TLS
            assert served.requests == []
            return await _all(connection.stream(REQUEST))

    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        served.engine.script("error 529 x1 retry-after ms 10")
        events = asyncio.run(work())

    assert any(isinstance(event, RetryWait) for event in events)
    assert isinstance(events[-1], MessageStop)
    assert len(served.requests) == 2


def test_the_demo_engine_answers_without_a_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    connection = open_connection(loaded().settings, demo=True, single=True)

    assert isinstance(asyncio.run(_all(connection.stream(REQUEST)))[-1], MessageStop)
