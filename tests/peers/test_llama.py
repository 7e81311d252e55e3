"""A real model behind somebody else's server, through the real client and the real program."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.api.client import connect
from chatrepl.api.credentials import Credentials
from chatrepl.api.retry import with_retries
from chatrepl.api.route import plan_route
from chatrepl.core.exchange.reply import Reply, StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, State
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges
from chatrepl.session.session import Session
from chatrepl.turn import run_turn
from tests.peers.conftest import Peer
from tests.views import QuietView

pytestmark = pytest.mark.peer
MODEL = "smollm2-135m-instruct"


def _settings(peer: Peer) -> Settings:
    return Settings(model=MODEL, base_url=peer.url, max_tokens=60)


def _session(peer: Peer, system: str = "", **settings: object) -> Session:
    changed = replace(_settings(peer), **settings)  # type: ignore[arg-type]
    ids = iter(range(1000))
    edges = Edges(clock=lambda: 0.0, new_id=lambda: f"t{next(ids)}")
    return Session(changed, edges, Conversation(state=State(system=system)), interactive=True)


def _talk(session: Session, *questions: str) -> list[str]:
    async def all_turns() -> list[str]:
        route = plan_route(session.settings, Credentials("key", "the test", "sk-test"))
        client = connect(route)

        def stream(request: Request) -> AsyncGenerator[StreamEvent, None]:
            # This server drops kept connections now and then; the program tries again, too.
            return with_retries(lambda: client.stream(request), attempts=4)

        answers = [
            (await run_turn(session, session.compose(q), stream, QuietView())).text
            for q in questions
        ]
        await client.aclose()
        return answers

    return asyncio.run(all_turns())


def test_a_real_model_answers_over_several_turns(llama: Peer) -> None:
    session = _session(llama, system="You are a friendly assistant.")

    answers = _talk(session, "My name is Ada. Say hello.", "What is 2 + 2?", "Name a colour.")

    assert all(answer.strip() for answer in answers)
    receipts = [turn.receipt for turn in session.conversation.path()]
    assert [r.stop_reason in {"end_turn", "max_tokens"} for r in receipts if r] == [True] * 3
    inputs = [r.usage.total_input_tokens for r in receipts if r]
    assert inputs == sorted(inputs)
    assert inputs[0] > 0


def test_a_real_model_stops_at_a_stop_sequence(llama: Peer) -> None:
    session = _session(llama, stop_sequences=(" ",))

    (answer,) = _talk(session, "Count from one to ten in words.")

    assert " " not in answer.strip()


def test_a_real_server_counts_tokens(llama: Peer) -> None:
    async def count(text: str) -> int:
        route = plan_route(_settings(llama), Credentials("key", "the test", "sk-test"))
        client = connect(route)
        request = Request({"model": MODEL, "max_tokens": 10}, (Message.user(text),))
        try:
            return await client.count_tokens(request)
        finally:
            await client.aclose()

    short, long = asyncio.run(count("hi")), asyncio.run(count("hi " * 50))

    assert 0 < short < long


def test_a_long_stream_of_a_real_model_comes_whole(llama: Peer) -> None:
    async def read() -> Reply:
        route = plan_route(_settings(llama), Credentials("key", "the test", "sk-test"))
        client = connect(route)
        params = {"model": MODEL, "max_tokens": 400}
        reply = Reply()
        request = Request(params, (Message.user("Tell me a long story about a fox."),))
        async with aclosing(await client.stream(request)) as events:
            async for event in events:
                reply = reply.apply(event)
        await client.aclose()
        return reply

    reply = asyncio.run(read())

    assert reply.complete
    assert reply.usage.output_tokens > 100
    assert len(reply.text.split()) > 80


def test_the_program_answers_a_piped_question_with_a_real_model(
    llama: Peer, tmp_path: Path
) -> None:
    environ = {
        **os.environ,
        "HOME": str(tmp_path),
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "ANTHROPIC_BASE_URL": llama.url,
    }
    command = [sys.executable, "-m", "chatrepl", "-m", MODEL, "-t", "40", "-o", "json"]

    done = subprocess.run(
        command, input=b"Say hello.", capture_output=True, env=environ, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["ok"]
    assert result["text"].strip()
    assert result["usage"]["input_tokens"] > 0
