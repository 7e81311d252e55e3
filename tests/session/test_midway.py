"""What changes in mid-talk, against the strict engine: its rules, its cache, its signatures."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chatrepl.core.exchange.plan import Plan, plan_turn
from chatrepl.core.exchange.reply import Reply
from chatrepl.core.models import EFFORTS, TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import block_from_wire
from chatrepl.core.talk.conversation import Conversation, Turn
from chatrepl.core.talk.message import Message
from chatrepl.core.talk.usage import Usage
from chatrepl.core.world import Edges
from chatrepl.demo.engine import Engine
from chatrepl.session.closing import close_turn
from chatrepl.session.session import Session
from tests.demo.helpers import Clock, ask, engine

BOTH = [m.id for m in TABLE.values() if m.mid_system and m.mid_effort]
MODELS = sorted(TABLE)
LONG = "what the cache keeps of a long chat is read again " * 40


@dataclass
class Chat:
    """A chat with the engine; `sent` holds the bodies that went out."""

    model: str
    sent: list[dict[str, Any]] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))
    service: Engine = field(default_factory=engine)

    def __post_init__(self) -> None:
        edges = Edges(Clock(), lambda: f"{next(self.ids):08x}")
        settings = Settings(model=self.model, show_thinking=True)
        self.session = Session(settings, edges, interactive=True)

    def say(self, text: str, base: Conversation | None = None) -> None:
        self.send(plan_turn(self.session.situation, Message.user(text), base))

    def again(self, turn: Turn) -> None:
        before, question = self.session.conversation.before(turn), Message("user", turn.question)
        self.send(plan_turn(self.session.situation, question, before))

    def send(self, plan: Plan) -> None:
        request = plan.request
        body = json.loads(request.encode())
        self.sent.append(body)
        header = {"anthropic-beta": ",".join(request.betas)} if request.betas else {}
        answer = ask(self.service, body, **header)
        self.usages.append(Usage().merged(answer["usage"]))
        reply = Reply(
            tuple(block_from_wire(block) for block in answer["content"]),
            usage=self.usages[-1],
            usage_known=True,
            complete=True,
            stop_reason=answer["stop_reason"],
        )
        turn = self.session.begin_turn(plan.turn)
        close_turn(self.session, turn, plan, replace(reply, model=request.model))

    @property
    def thoughts(self) -> int:
        return sum(m.has_thinking for m in self.session.request(Message.user("x")).messages)


def _change(chat: Chat, rng: random.Random) -> None:
    match rng.randrange(5):
        case 0:
            chat.session.use(effort=rng.choice(["", *EFFORTS]))
        case 1:
            chat.session.use(web=rng.choice([False, True, "fetch"]))
        case 2:
            chat.session.use(code=rng.random() < 0.5)
        case 3:
            chat.session.adjust(next_system=f"Be brief, by rule {rng.random()}.")
        case _:
            chat.session.use(web_max_uses=rng.randint(1, 9))


def _question(rng: random.Random) -> str:
    return f"{rng.choice(['search the news', 'go on', 'run it'])} {rng.random()}"


@pytest.mark.parametrize("model", BOTH)
def test_whatever_changes_in_mid_talk_all_before_it_is_read_from_the_cache(model: str) -> None:
    rng = random.Random(model)
    for _ in range(8):
        chat = Chat(model)
        chat.session.adjust(system="Be kind.")
        for _ in range(rng.randint(0, 3)):
            _change(chat, rng)
        chat.say(LONG)
        for _ in range(8):
            for _ in range(rng.randint(0, 3)):
                _change(chat, rng)
            chat.say(_question(rng))
            before, now = chat.sent[-2:]
            size = len(before["messages"])
            assert now["messages"][:size] == before["messages"]
            for part in ("tools", "tool_choice", "system", "output_config"):
                assert now.get(part) == before.get(part)
            was, usage = chat.usages[-2:]
            everything = was.cache_read_input_tokens + was.cache_creation_input_tokens
            assert usage.cache_read_input_tokens == everything > 0
        assert chat.thoughts == sum(
            any(b.type == "thinking" for b in turn.assistant.content)
            for turn in chat.session.conversation.path()
            if turn.assistant is not None
        )


def _step(chat: Chat, rng: random.Random) -> None:
    session, path = chat.session, chat.session.conversation.path()
    match rng.randrange(12):
        case 0:
            session.undo()
        case 1:
            session.redo()
        case 2 if path:
            chat.again(path[-1])
        case 3 if path:
            chat.say("instead", session.conversation.before(rng.choice(path)))
        case 4 if path:
            mark: Any = rng.choice(["dropped", None])
            session.change(session.conversation.with_marks({rng.choice(path).id: mark}))
        case 5:
            session.use(model=rng.choice(MODELS))
        case 6:
            session.use(thinking=rng.choice(["auto", "on", "off"]))
        case 7 if path:
            session.adjust(next_system="")
        case _:
            _change(chat, rng)


def test_no_order_of_changes_and_steps_makes_a_request_that_is_refused() -> None:
    for seed in range(60):
        rng = random.Random(seed)
        chat = Chat(rng.choice(MODELS))
        for _ in range(14):
            _step(chat, rng)
            if chat.session.settings.thinking == "off":
                chat.session.use(effort="low")  # the two highest want thinking
            if rng.random() < 0.6:
                chat.say(_question(rng))
