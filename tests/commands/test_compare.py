"""/compare, /pick and /diff: several replies side by side."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest

from chatrepl.commands.slash import complete_line, run_line
from chatrepl.core.errors import ApiError, ApiErrorKind, UsageError
from chatrepl.core.exchange.reply import StreamEvent
from chatrepl.core.exchange.request import Request
from chatrepl.core.outcome import Changes, Compare, Confirm
from chatrepl.core.settings import Settings
from chatrepl.session.comparison import MOST, compared
from tests.commands.trimmer import MODEL, Trimmer

HAIKU = "claude-haiku-5-5"


def asked(line: str, chat: Trimmer | None = None) -> Compare:
    """Give what a line asks for, of a chat with one turn."""
    chat = chat or chatting()
    outcome = chat.do_not_send(line) if isinstance(chat, Lazy) else None
    assert isinstance(outcome, Compare)
    return outcome


@dataclass
class Lazy(Trimmer):
    """A chat whose commands are looked at, not run."""

    refused: str = ""

    def do_not_send(self, line: str) -> Any:
        """Give what a command asks for."""

        return run_line(self.session, line)

    async def stream(self, request: Request) -> AsyncGenerator[StreamEvent, None]:
        """Answer, but for the model that is refused."""
        if self.refused and self.refused in request.model:
            raise ApiError(ApiErrorKind.OVERLOADED, "It is overloaded.")
        async for event in super().stream(request):
            yield event


def chatting() -> Lazy:
    chat = Lazy()
    chat.talk("demo: say first", "demo: say one two three")
    return chat


@pytest.mark.parametrize(
    ("line", "models"),
    [
        ("/compare opus haiku", (MODEL, HAIKU)),
        ("/compare haiku", (HAIKU,)),
        ("/compare -n 3", (MODEL,) * 3),
        ("/compare -n2 haiku opus", (HAIKU, HAIKU, MODEL, MODEL)),
        ("/compare haiku haiku", (HAIKU, HAIKU)),
    ],
)
def test_models_are_asked_in_the_order_given(line: str, models: tuple[str, ...]) -> None:
    compare = asked(line)
    assert compare.models == models
    assert compare.message.text == "demo: say one two three"
    assert compare.base is not None
    assert len(compare.base.path()) == 1


def test_a_blind_comparison_is_in_any_order() -> None:
    chat = chatting()
    orders = {asked("/compare opus haiku --blind", chat).models for _ in range(60)}
    assert orders == {(MODEL, HAIKU), (HAIKU, MODEL)}


def test_something_new_is_asked_behind_two_dashes() -> None:
    compare = asked("/compare opus haiku -- What -n 2 -- means?")
    assert (compare.message.text, compare.base) == ("What -n 2 -- means?", None)


@pytest.mark.parametrize(
    "line",
    ["", "opus nosuch", "-n", "-n 0", "-n x", "-n -1", "--odd opus", "--blind", "opus --", "-- hi",
     f"-n {MOST + 1}"],
)  # fmt: skip
def test_what_does_not_fit_is_told_before_anything_is_sent(line: str) -> None:
    chat = chatting()
    before = len(chat.requests), chat.session.conversation
    with pytest.raises(UsageError):
        chat.do(f"/compare {line}")
    assert before == (len(chat.requests), chat.session.conversation)


def test_there_must_be_a_question() -> None:
    for line in ("/compare opus haiku", "/pick 1", "/diff"):
        with pytest.raises(UsageError):
            Lazy().do(line)


def test_all_replies_are_siblings_and_one_step_takes_them_back() -> None:
    chat = chatting()
    head = chat.session.conversation.path()[-1]
    chat.do("/compare opus haiku -n 2")
    siblings = chat.session.conversation.children(head.parent)
    assert [t.receipt and t.receipt.model for t in siblings] == [MODEL, MODEL, MODEL, HAIKU, HAIKU]
    assert chat.session.conversation.head == siblings[1].id
    assert {turn.text for turn in siblings} == {"one two three"}
    assert chat.session.books.meter.replies == 6
    assert chat.session.books.talk.cost.usd == pytest.approx(
        sum(t.receipt.cost_usd or 0 for t in chat.session.conversation.turns.values() if t.receipt)
    )
    chat.do("/undo")
    assert chat.session.conversation.head == head.id
    assert len(chat.session.conversation.turns) == 6


def test_a_choice_goes_on_there_and_is_undone() -> None:
    chat = chatting()
    chat.do("/compare opus haiku")
    first, second = compared(chat.session).turns
    chat.do("/pick 2")
    assert chat.session.conversation.head == second.id
    assert f"/model {HAIKU}" in chat.heard
    chat.do("/pick B")
    assert "as you did" in chat.heard
    chat.do("/undo")
    assert chat.session.conversation.head == first.id
    chat.talk("demo: say on")
    chat.do("/pick 2")
    assert chat.session.conversation.head == second.id
    with pytest.raises(UsageError, match="no reply 3"):
        chat.do("/pick 3")


def test_a_blind_choice_names_the_models_once() -> None:
    chat = chatting()
    chat.do("/compare opus haiku --blind")
    names = [t.receipt.model for t in compared(chat.session).turns if t.receipt]
    assert not any(name in said for said in chat.said for name in names)
    chat.do("/diff")
    assert not any(name in said for said in chat.said for name in names)
    chat.do("/pick b")
    assert f"A is {names[0]}, B is {names[1]}." in chat.heard
    chat.do("/pick 1")
    assert " is " not in chat.heard.split(" /model")[0]


def test_one_that_is_refused_leaves_the_others_whole() -> None:
    chat = chatting()
    chat.refused = "opus"
    chat.do("/compare opus haiku sonnet")
    assert "It is overloaded." in chat.said
    turns = compared(chat.session).turns
    assert [turn.text for turn in turns] == ["one two three"] * 2
    assert chat.session.conversation.head == turns[0].id


@pytest.mark.parametrize(
    ("refused", "shown"),
    [
        ("opus", {"2": HAIKU, "3": "sonnet"}),
        ("haiku", {"1": "opus", "3": "sonnet"}),
        ("o", {"2": HAIKU}),
    ],
)
@pytest.mark.parametrize("blind", [False, True])
def test_where_one_gave_nothing_the_others_keep_the_names_they_had_on_the_screen(
    refused: str, shown: dict[str, str], blind: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatrepl.commands.compare._shuffled", lambda models: models)
    chat = chatting()
    chat.refused = refused
    chat.do(f"/compare opus haiku sonnet {'--blind' if blind else ''}")
    if blind:
        shown = {"ABC"[int(number) - 1]: model for number, model in shown.items()}
    assert compared(chat.session).labels == tuple(shown)
    for name, model in shown.items():
        chat.do(f"/pick {name}")
        receipt = chat.session.conversation.path()[-1].receipt
        assert receipt is not None
        assert model in receipt.model
    chat.do("/diff")
    gone = next(name for name in ("123", "ABC")[blind] if name not in shown)
    with pytest.raises(UsageError, match=f"no reply {gone}") as error:
        chat.do(f"/pick {gone}")
    assert "Those there are: " in error.value.hint


def test_where_nothing_came_all_is_as_it_was() -> None:
    chat = chatting()
    before = chat.session.conversation.state
    chat.refused = "claude"
    chat.do("/compare opus haiku")
    assert chat.session.conversation.state == before
    assert chat.said.count("It is overloaded.") == 2
    assert chat.drafts == []
    chat.do("/compare opus haiku -- What now?")
    assert chat.drafts == ["/compare opus haiku -- What now?"]
    chat.refused = ""
    chat.do("/compare opus haiku -- What now?")
    assert len(chat.drafts) == 1


def test_two_replies_differ_in_words() -> None:
    chat = chatting()
    chat.do("/assistant said")
    chat.do("/undo")
    chat.session.add_turn(None, *chat.session.conversation.path()[0].messages)
    chat.do("/goto 0")
    chat.talk("demo: say the red fox")
    chat.talk("demo: say then")
    chat.do("/goto 0")
    chat.talk("demo: say the quick fox")
    outcome = chat.do_not_send("/diff 3 4")
    changes = outcome.outcomes[-1]
    assert isinstance(changes, Changes)
    assert changes.pieces == (
        ("same", "the "), ("gone", "red"), ("new", "quick"), ("same", " fox"),
    )  # fmt: skip
    assert chat.do("/diff 2")
    chat.do("/diff 1 1")
    assert "the same" in chat.heard


def test_what_is_dear_is_asked_about_first() -> None:
    chat = chatting()
    chat.agree = False
    sent = len(chat.requests)
    chat.session.use(max_cost_usd=0.00001)
    chat.do("/compare opus haiku")
    assert len(chat.requests) == sent
    assert "2 replies" in chat.asked[-1]
    chat.agree = True
    chat.do("/compare opus haiku")
    assert len(chat.requests) == sent + 2
    chat.session.use(max_cost_usd=0.0)
    chat.say("word " * 60_000)
    confirm = chat.do_not_send("/compare sonnet haiku")
    assert isinstance(confirm, Confirm)
    agreed = chat.session.books.agreed_usd
    assert isinstance(confirm.apply(), Compare)
    assert chat.session.books.agreed_usd == agreed
    known = chat.session.edges.rates
    chat.session.equip(rates=lambda _model, _tokens: None)
    assert isinstance(chat.do_not_send("/compare sonnet haiku"), Compare)
    chat.session.equip(rates=known)
    chat.session.equip(can_count=lambda: False)
    assert isinstance(chat.do_not_send("/compare sonnet haiku"), Compare)


def test_the_prefill_and_what_is_staged_are_spent_once(tmp_path: Any) -> None:
    chat = chatting()
    (tmp_path / "a.txt").write_text("hello")
    chat.do(f"/image {tmp_path}/a.txt")
    chat.do("/prefill Well,")
    chat.do("/compare opus haiku -- demo: say yes")
    assert not chat.session.next.staged
    assert not chat.session.next.prefill
    assert all(turn.text.startswith("Well,") for turn in compared(chat.session).turns)
    assert len(chat.session.conversation.path()) == 3


def test_what_one_learns_all_know_and_is_told_once() -> None:
    chat = Lazy(Settings(model=MODEL, effort="max"))
    chat.talk("demo: say x")
    chat.do("/compare -n 3 haiku")
    assert len([said for said in chat.said if "effort" in said]) <= 1


def test_names_are_completed() -> None:
    chat = chatting()

    _, offers = complete_line(chat.session, "/compare opus hai")
    assert HAIKU in [value.strip() for value, _ in offers]
