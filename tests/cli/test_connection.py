import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.cli.assemble import new_session
from chatrepl.cli.connection import has_credentials, open_connection
from chatrepl.cli.options import Options
from chatrepl.core.errors import ApiError, ApiErrorKind, ConfigError
from chatrepl.core.exchange.reply import MessageStop, RetryWait, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.message import Message
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.session.session import Session
from chatrepl.startup.lazy import Lazy
from tests.bench.service import service
from tests.cli.given import KEY, loaded, settle

REQUEST = Request(
    {"model": "claude-opus-5-5", "max_tokens": 90}, (Message("user", (TextBlock("hi"),)),)
)


async def _all(events: AsyncGenerator[StreamEvent, None]) -> list[StreamEvent]:
    return [event async for event in events]


def test_as_many_requests_leave_ahead_as_are_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def work() -> list[bool]:
        connection = open_connection(loaded().settings, demo=False, single=True)
        connection.firsts = 3
        await asyncio.gather(*(_all(connection.stream(REQUEST)) for _ in range(3)))
        before = not connection.own.ready
        await _all(connection.stream(REQUEST))
        await connection.close()
        return [before, not connection.own.ready, connection.opened.ready]

    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        assert asyncio.run(work()) == [True, False, False]
        assert len(served.requests) == 4


@pytest.mark.parametrize("plainly", [True, False])
def test_a_chat_waits_as_long_as_its_settings_say_by_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, plainly: bool
) -> None:
    async def work(session: Session) -> float:
        connection = open_connection(session.settings, demo=False, single=False)
        connection.keep_account(session)
        session.use(timeout_s=1.0, retries=0)
        with pytest.raises(ApiError, match=r"1 s") as caught:
            await _all(connection.stream(REQUEST))
        assert caught.value.kind is ApiErrorKind.TIMEOUT
        session.use(timeout_s=300.0)
        await _all(connection.stream(REQUEST))
        reads = [connection.route.timeout_s]
        reads += [] if plainly else [connection.http.timeout.read or 0.0]
        await connection.close()
        return min(reads)

    with serve(Engine()) as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        session = new_session(Options(), loaded(f"head_start={plainly}"), interactive=True)
        served.engine.script("slow 3")
        assert asyncio.run(work(session)) >= 300


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
        assert (connection.first is not None) == single
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


def test_retries_count_from_when_they_are_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def work(session: Session) -> int:
        connection = open_connection(session.settings, demo=False, single=False)
        connection.keep_account(session)
        session.use(retries=0)
        with pytest.raises(ApiError):
            await _all(connection.stream(REQUEST))
        await connection.close()
        return len([one for one in served.requests if one.path.endswith("/messages")])

    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        served.engine.script(*["error 529"] * 3)
        assert asyncio.run(work(new_session(Options(), loaded("retries=2"), interactive=True))) == 1


def test_the_demo_engine_answers_without_a_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settle(monkeypatch, tmp_path)
    connection = open_connection(loaded().settings, demo=True, single=True)

    assert isinstance(asyncio.run(_all(connection.stream(REQUEST)))[-1], MessageStop)


def test_no_request_of_a_shot_needs_the_http_client_where_all_is_plain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def work() -> list[bool]:
        connection = open_connection(loaded().settings, demo=False, single=True)
        for _ in range(3):
            await _all(connection.stream(REQUEST))
        await connection.close()
        return [connection.opened.ready, connection.client.ready]

    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        assert asyncio.run(work()) == [False, False]
    assert len(served.requests) == 3


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_chat_loads_what_its_turns_need_and_no_http_client_where_all_is_plain(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_plain: bool
) -> None:
    if not is_plain:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    async def work() -> tuple[bool, bool]:
        connection = open_connection(loaded().settings, demo=False, single=False)
        connection.load()
        await (connection.own if is_plain else connection.client)
        await connection.warm()
        await _all(connection.stream(REQUEST))
        await connection.close()
        return connection.opened.ready, connection.client.ready

    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        assert asyncio.run(work()) == (not is_plain, not is_plain)


def test_a_chat_asks_counts_and_lists_without_the_sdk(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from chatrepl.cli.connection import open_connection\n"
        "from tests.cli.given import loaded\n"
        "from tests.cli.test_connection import REQUEST, _all\n"
        "async def work():\n"
        "    connection = open_connection(loaded().settings, demo=False, single=False)\n"
        "    await connection.warm()\n"
        "    events = await _all(connection.stream(REQUEST))\n"
        "    client = await connection.client\n"
        "    tokens, models = await connection.count(REQUEST), await client.list_models()\n"
        "    await connection.close()\n"
        "    return len(events) > 2, tokens > 0, len(models) > 0\n"
        "print(*asyncio.run(work()), {'anthropic', 'pydantic'} & set(sys.modules))\n"
    )
    with serve() as served:
        environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": served.url}
        done = subprocess.run(
            [sys.executable, "-c", code], env={"HOME": str(tmp_path), "PYTHONPATH": ".", **environ},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert (done.stdout, done.stderr) == ("True True True set()\n", "")


def know_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a proxy that only the HTTP client knows to speak to."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setattr("chatrepl.api.headstart.tunnel.way_to", lambda _url: None)


def test_what_sends_it_again_is_loaded_while_a_failure_is_waited_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    know_no_way(monkeypatch)

    async def work() -> bool:
        connection = open_connection(loaded("retries=1").settings, demo=False, single=True)
        loading = threading.Event()
        connection.client = Lazy(loading.set)  # type: ignore[arg-type]
        events = connection.stream(REQUEST)
        assert isinstance(await anext(events), RetryWait)
        assert not loading.is_set()
        asked = asyncio.ensure_future(anext(events))
        began = await asyncio.to_thread(loading.wait, 20)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await events.aclose()
        return began

    with serve() as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        served.engine.script("error 529 x1 retry-after ms 200")
        assert asyncio.run(work())


def test_leaving_while_the_sdk_loads_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_on = threading.Event()

    async def work() -> None:
        connection = open_connection(loaded("head_start=false").settings, demo=False, single=True)
        connection.client = Lazy(lambda: go_on.wait(20))  # type: ignore[arg-type, return-value]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await _all(connection.stream(REQUEST))
        assert not connection.client.ready
        await connection.close()

    settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="http://127.0.0.1:1")
    asyncio.run(work())
    go_on.set()


@pytest.mark.parametrize("single", [True, False])
def test_a_warm_connection_is_the_one_that_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, single: bool
) -> None:
    async def work() -> None:
        connection = open_connection(loaded().settings, demo=False, single=single)
        await connection.warm()
        await _all(connection.stream(REQUEST))
        await connection.close()

    with service(0.0, authority=tmp_path / "ca.pem") as served:
        trust = str(tmp_path / "ca.pem")
        settle(
            monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url,
            SSL_CERT_FILE=trust,
        )  # fmt: skip
        asyncio.run(work())
    assert (served.greetings, len(served.arrivals), served.connections) == ([], 1, 1)


@pytest.mark.parametrize("is_secure", [True, False])
def test_turns_share_a_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_secure: bool
) -> None:
    async def work() -> bool:
        connection = open_connection(loaded().settings, demo=False, single=False)
        await connection.warm()
        for _ in range(12):
            events = await _all(connection.stream(REQUEST))
            assert isinstance(events[-1], MessageStop)
        await connection.close()
        return connection.client.ready

    authority = tmp_path / "ca.pem" if is_secure else None
    with service(0.0, authority=authority) as served:
        settle(
            monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url,
            SSL_CERT_FILE=str(authority or ""),
        )  # fmt: skip
        assert not asyncio.run(work())
    assert (len(served.arrivals), served.connections) == (12, 1)


@pytest.mark.parametrize("kind", ["head_start", "proxy", "connects", "certificates"])
def test_what_is_out_of_the_ordinary_is_sent_by_the_http_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    servers = [{"type": "url", "url": "https://a.example/mcp", "name": "a"}]
    more = {"mcp_servers": servers} if kind == "connects" else {}
    request = replace(REQUEST, params={**REQUEST.params, **more})

    async def work() -> bool:
        line = "head_start=false" if kind == "head_start" else ""
        connection = open_connection(
            loaded(*filter(None, [line])).settings, demo=False, single=False
        )
        await _all(connection.stream(request))
        await connection.close()
        return connection.client.ready

    with service(0.0, authority=tmp_path / "ca.pem" if kind == "certificates" else None) as served:
        settle(
            monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url,
            SSL_CERT_FILE=str(tmp_path / "ca.pem") if kind == "certificates" else "",
        )  # fmt: skip
        if kind == "proxy":
            know_no_way(monkeypatch)
        if kind == "certificates":
            monkeypatch.setattr("chatrepl.api.headstart.kept.trusted", lambda: None)
        assert asyncio.run(work())
    assert len(served.arrivals) == 1


def test_another_route_has_connections_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def work() -> None:
        connection = open_connection(loaded().settings, demo=False, single=False)
        await _all(connection.stream(REQUEST))
        under_way = connection.stream(REQUEST)
        await anext(under_way)
        before = connection.own
        connection.route = replace(connection.route)
        await _all(connection.stream(REQUEST))
        assert isinstance([event async for event in under_way][-1], MessageStop)
        await connection.close()
        assert before is not connection.own

    with service(0.0) as served:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=served.url)
        asyncio.run(work())
    assert (len(served.arrivals), served.connections) == (3, 2)


@pytest.mark.parametrize("single", [True, False])
def test_warming_up_never_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, single: bool
) -> None:
    async def work() -> None:
        connection = open_connection(loaded().settings, demo=False, single=single)
        await connection.warm()
        await connection.close()

    settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="https://127.0.0.1:1")
    asyncio.run(work())


def test_what_could_not_be_opened_is_told_once_and_closes_in_peace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def work() -> None:
        connection = open_connection(loaded("retries=0").settings, demo=False, single=True)
        with pytest.raises(ConfigError, match="certificates"):
            await _all(connection.stream(REQUEST))
        await connection.close()

    settle(
        monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="https://127.0.0.1:1",
        SSL_CERT_FILE="/nowhere.pem",
    )  # fmt: skip
    asyncio.run(work())
