"""One turn: prefill on every model, lessons from refusals, pauses, what is recorded."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace

import pytest

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.core.catalog import Catalog
from chatrepl.core.errors import ApiError, ApiErrorKind, UsageError
from chatrepl.core.exchange.reply import (
    BlockStart,
    BlockStop,
    MessageDelta,
    MessageStart,
    MessageStop,
    Remark,
    StreamEvent,
    TextDelta,
)
from chatrepl.core.exchange.request import Request
from chatrepl.core.models import TABLE, Model, find
from chatrepl.core.outcome import Send
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock, ThinkingBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges, NoRecorder
from chatrepl.demo.engine import Engine
from chatrepl.demo.wire import WireAnswer, error_body, json_answer
from chatrepl.session.service import Service
from chatrepl.turn import continue_turn, run_turn
from tests.commands import playing
from tests.commands.playing import CutError, Player
from tests.data.pictures import PNG
from tests.views import QuietView

BLIND = replace(TABLE["claude-opus-5"], images=False, pdfs=False)

MODELS = tuple(TABLE)
BEHAVIOURS = ("repeat", "omit", "split", "whitespace")
PREFILLS = ("Well, ", "<answer>\n  ", "A b:", "Yes.\n\n")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_reply_is_exactly_prefill_and_continuation(model: str, behaviour: str) -> None:
    for prefill in PREFILLS:
        player = Player(Settings(model=model), Engine(prefill_behaviour=behaviour))
        player.session.prepare(prefill=prefill)
        turn = player.say("demo: say three and four")

        text = turn.text
        assert text.startswith(prefill)
        assert text[len(prefill) :].lstrip() == "three and four"  # some models begin anew
        assert player.statuses == [200]
        assert player.session.next.prefill == ""


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-5-5"])
def test_only_what_was_sent_is_no_longer_set_for_the_next_message(model: str) -> None:
    player = Player(Settings(model=model))
    player.say("demo: count to 30")
    mine = from_bytes(PNG, "a.png", limits=limits_of(player.session.model))
    player.session.prepare(staged=(mine,), prefill="Well,")
    player.do("/continue")
    assert (player.session.next.staged, player.session.next.prefill) == ((mine,), "Well,")
    player.do("/retry")
    assert (player.session.next.staged, player.session.next.prefill) == ((mine,), "")
    player.say("demo: say seen")
    assert not player.session.next.staged


@pytest.mark.parametrize("model", MODELS)
def test_a_pinned_prefill_begins_every_reply(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/prefill pin Sure:")
    for word in ("one", "two"):
        player.say(f"demo: say {word}")
        assert player.text.startswith("Sure:")
        assert player.text.count("Sure:") == 1
    assert set(player.statuses) == {200}


def refusal(message: str) -> WireAnswer:
    """What the service answers to what it does not take."""
    return json_answer(400, error_body(400, message, "req_1"), {})


def _lying(player: Player, **facts: bool) -> None:
    """Let the table say of the model what is not so."""
    models = Catalog().learn(player.session.model.id, facts)
    player.session.service = Service(models)


def test_a_refused_prefill_is_learned_once_and_emulated() -> None:
    player = Player(Settings(model="claude-opus-5", thinking="off"))
    _lying(player, prefill=True)
    learned: list[object] = []
    player.session.edges = _learning(player, learned)
    for _ in range(3):
        player.session.prepare(prefill="Well,")
        player.say("demo: say yes")
        assert player.text.startswith("Well,")

    assert player.statuses == [400, 200, 200, 200]
    assert learned == [("claude-opus-5", {"prefill": False})]


def _learning(player: Player, into: list[object]) -> Edges:
    return replace(player.session.edges, learn=lambda model, facts: into.append((model, facts)))


def test_a_refused_system_message_goes_to_the_top() -> None:
    player = Player(Settings(model="claude-sonnet-5"))
    player.say("demo: say one")
    _lying(player, mid_system=True)
    player.do("/system Be brief.")
    player.say("demo: say two")

    assert player.statuses == [200, 400, 200]
    assert player.requests[-1].params["system"] == "Be brief."
    assert player.session.model.mid_system is False


def test_a_refused_change_of_effort_goes_to_the_top() -> None:
    player = Player(Settings(model="claude-fable-5"))
    player.say("demo: say one")
    _lying(player, mid_effort=True)
    player.do("/effort low")
    player.say("demo: say two")
    player.say("demo: say three")

    assert player.statuses == [200, 400, 200, 200]
    assert player.requests[-1].params["output_config"] == {"effort": "low"}
    assert player.session.model.mid_effort is False


def test_refused_changes_of_tools_go_to_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.say("demo: say one")
    monkeypatch.setattr(playing, "beta_header", lambda *_: {})  # a server that knows none
    player.do("/web on")
    player.say("demo: search otters")
    player.do("/web off")
    player.say("demo: say three")

    assert player.statuses == [200, 400, 200, 200]
    assert player.requests[-2].params["tools"][0]["name"] == "web_search"
    assert player.session.model.mid_tools is False
    assert player.session.model.mid_effort is True


def test_refused_thinking_is_left_out_from_then_on() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.say("demo: think")
    turn = player.session.conversation.path()[-1]
    assert turn.assistant is not None
    assert turn.assistant.has_thinking
    player.engine.script(
        refusal("messages.1.content.0: Invalid `signature` in `thinking` block. The block is "
                "bound to a different conversation.")
    )  # fmt: skip
    player.say("demo: say on")
    player.say("demo: say and on")

    assert player.statuses == [200, 400, 200, 200]
    assert all(not m.has_thinking for m in player.requests[-1].messages)


def test_a_key_and_a_block_that_are_not_taken_back_are_left_out_from_then_on() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.engine.script("stream unknown")
    player.say("hello")
    player.say("demo: say on")
    player.say("demo: say and on")

    assert player.statuses == [200, 400, 400, 200, 200]
    assert player.requests[-1].messages[1].has_thinking
    assert b"hologram" in player.session.conversation.path()[0].messages[-1].encoded
    assert all(b"hologram" not in m.encoded for m in player.requests[-1].messages)


@pytest.mark.parametrize(
    "words",
    [
        "messages.1.content.0: `thinking` blocks cannot be modified",
        "messages.1: thinking blocks may not be moved to another place",
        "`thinking` blocks of the last assistant message must not be left out",
    ],
)
def test_no_wording_on_old_thinking_holds_a_chat_up(words: str) -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.say("demo: think")
    player.engine.script(refusal(words))
    for _ in range(2):
        player.say("demo: say on")
    assert player.statuses == [200, 400, 200, 200]


def test_an_old_picture_that_is_refused_is_left_out_and_the_chat_goes_on() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.session.stage(from_bytes(PNG, "a.png", limits=limits_of(player.session.model)))
    player.say("demo: say one")
    player.engine.script(refusal("messages.0.content.0.image.source.base64.data: is corrupt"))
    for _ in range(2):
        player.say("demo: say two")
    assert player.statuses == [200, 400, 200, 200]
    assert b"base64" not in player.requests[-1].encode()
    assert b"base64" in player.session.conversation.path()[0].messages[0].encoded


def test_a_refusal_that_nothing_helps_against_leaves_all_as_it_was() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.say("demo: say one")
    player.say("demo: say two")
    before = player.session.service.refused
    player.engine.script(*[refusal("messages.1.content.0: no")] * 9)
    with pytest.raises(ApiError, match="no"):
        player.say("demo: say three")
    assert player.statuses == [200, 200, 400, 400, 400]
    assert player.session.service.refused == before


@pytest.mark.parametrize(
    ("interactive", "hint"), [(True, "/image and its path"), (False, "in another form")]
)
def test_a_new_file_that_is_refused_is_named_and_staged_no_longer(
    *, interactive: bool, hint: str
) -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.session.interactive = interactive
    good, bad = (
        from_bytes(PNG, name, limits=limits_of(player.session.model))
        for name in ("good.png", "bad.png")
    )
    player.session.stage(good, bad)
    player.engine.script(refusal("messages.0.content.1.image.source.base64.data: is corrupt"))
    with pytest.raises(ApiError, match=r"does not take bad\.png: .*is corrupt") as caught:
        player.say("look")
    assert hint in caught.value.hint
    assert player.session.next.staged == (good,)


@pytest.mark.parametrize("end", ["torn", "stopped", "silent"])
def test_what_is_held_back_at_a_seam_is_kept_however_the_stream_ends(end: str) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.do("/user demo: count to 30")
    player.do("/assistant 1 2 3 4")

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        for event in (MessageStart(), TextDelta(" 5 6", 0)):
            yield event
        if end == "torn":
            raise ApiError(ApiErrorKind.CONNECTION, "The line broke.")
        if end == "stopped":
            raise CutError

    with suppress(ApiError, CutError):
        player.runner.run(continue_turn(player.session, stream, QuietView()))
    assert player.text == "1 2 3 4 5 6"


def test_a_lesson_is_tried_once_only() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    message = "This model does not support assistant message prefill."
    player.engine.script(refusal(message), refusal(message))
    player.session.prepare(prefill="Well,")
    with pytest.raises(ApiError, match="prefill"):
        player.say("demo: say yes")

    assert player.statuses == [400, 400]


def test_a_refused_setting_is_left_out_and_said_once() -> None:
    player = Player(Settings(model="claude-opus-5", effort="low"))
    player.engine.script(refusal("This model does not support the effort parameter."))
    view = QuietView()
    player.runner.run(run_turn(player.session, Message.user("demo: say a"), player.stream, view))
    player.runner.run(run_turn(player.session, Message.user("demo: say b"), player.stream, view))

    assert player.statuses == [400, 200, 200]
    (said,) = [event.text for event in view.events if isinstance(event, Remark)]
    assert "effort low is not taken" in said
    assert "output_config" not in player.requests[-1].params


def test_what_is_refused_in_other_words_again_is_said_with_the_way_out() -> None:
    player = Player(Settings(model="claude-opus-5", effort="low"))
    words = "This model does not support the effort parameter."
    player.engine.script(refusal(words), refusal(words))
    with pytest.raises(ApiError, match="effort"):
        player.say("hello")

    assert player.session.conversation.path() == ()


def test_going_on_natively_learns_and_asks_instead() -> None:
    player = Player(Settings(model="claude-opus-5", thinking="off"))
    _lying(player, prefill=True)
    player.do("/user demo: count to 30")
    player.do("/assistant 1 2 3 4")
    player.do("/continue")
    assert player.statuses == [400, 200]
    assert player.text.split()[:6] == ["1", "2", "3", "4", "5", "6"]
    assert len(player.session.conversation.path()) == 1


def test_going_on_without_thinking_that_is_refused() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    thought = Message("assistant", (ThinkingBlock("hm", "s"), *Message.user("Yes.").content))
    player.session.add_turn(None, Message.user("demo: count to 9"), thought)
    player.do("/user demo: count to 30")
    player.do("/assistant 1 2 3 4")
    player.engine.script(refusal("messages.2.role: role 'system' is not supported on this model"))
    with pytest.raises(ApiError):
        player.do("/continue")
    player.do("/continue")
    assert player.text.split()[:6] == ["1", "2", "3", "4", "5", "6"]


def test_pauses_are_waited_out_and_make_one_reply() -> None:
    player = Player(Settings(web=True))
    turn = player.say("demo: stop pause_turn")

    assert len(player.requests) > 1
    assert turn.receipt is not None
    assert turn.receipt.stop_reason == "end_turn"
    assert set(player.statuses) == {200}


def test_a_service_that_only_pauses_is_given_up() -> None:
    player = Player(Settings(web=True))
    turn = player.say("demo: stop pause_turn x9")

    assert len(player.requests) == 4
    assert turn.receipt is not None
    assert turn.receipt.stop_reason == "pause_turn"
    assert set(player.statuses) == {200}


def test_a_prefill_stands_there_once_also_where_a_pause_comes_before_it() -> None:
    called = BlockStart(0, {"type": "server_tool_use", "id": "a", "name": "web_search"})
    answers: list[tuple[StreamEvent, ...]] = [
        (called, BlockStop(0), MessageDelta("pause_turn"), MessageStop()),
        (TextDelta("Well, yes."), MessageDelta("end_turn"), MessageStop()),
    ]

    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        for event in (MessageStart(), *answers.pop(0)):
            yield event

    player = Player(Settings(model="claude-opus-5-5"))
    player.session.prepare(prefill="Well,")
    message = player.session.compose("Is it?")
    turn = player.runner.run(run_turn(player.session, message, stream, QuietView()))

    assert turn.text == "Well, yes."


def test_a_message_that_says_nothing_is_not_sent() -> None:
    player = Player()
    with pytest.raises(UsageError, match="nothing to send"):
        player.say("  ")
    assert player.requests == []


@pytest.mark.parametrize(
    ("model", "block", "named"),
    [
        (BLIND, ImageBlock.base64("image/png", "AAAA"), "images"),
        (BLIND, DocumentBlock.base64_pdf("AAAA"), "PDFs"),
        (BLIND, DocumentBlock.url("https://example.com/a.pdf"), "PDFs"),
    ],
)
def test_what_the_model_does_not_take_is_not_sent(model: Model, block: Block, named: str) -> None:
    player = Player()
    player.session.service = Service(Catalog(models={model.id: model}))
    player.session.use(model=model.id)
    with pytest.raises(UsageError, match=f"{model.id} takes no {named}"):
        player.act(Send(Message.user("look", block), None))
    assert player.requests == []
    player.act(Send(Message.user("look", DocumentBlock.plain("a text")), None))
    assert len(player.requests) == 1


def test_what_streams_is_recorded_as_it_comes() -> None:
    class Recorder(NoRecorder):
        def __init__(self) -> None:
            super().__init__()
            self.texts: dict[str, str] = {"text": "", "thinking": ""}

        def delta(self, turn: str, text: str, kind: str) -> None:
            del turn
            self.texts[kind] += text

    player = Player(Settings(model="claude-opus-5"))
    recorder = Recorder()
    player.session.recorder = recorder
    player.session.prepare(prefill="Well,")
    turn = player.say("demo: think")

    assert recorder.texts["text"] == turn.text
    assert recorder.texts["thinking"]


SYSTEMS = ("claude-haiku-4-5", "claude-opus-5-5")  # only at the top, and in between


@pytest.mark.parametrize("model", SYSTEMS)
@pytest.mark.parametrize("line", ["/retry", "/edit", "/continue"])
def test_the_system_prompt_that_came_with_a_question_comes_with_it_again(
    model: str, line: str
) -> None:
    player = Player(Settings(model=model))
    player.say("demo: say one")
    player.do("/system Be brief.")
    player.say("demo: count to 30")
    player.do(line)
    if line == "/edit":
        player.say("demo: say edited")

    for _ in range(2):
        request = player.requests[-1]
        told = [m.text for m in request.messages if m.role == "system"]
        assert [request.params.get("system", ""), *told][-1] == "Be brief."
        assert player.session.system == "Be brief."
        player.say("demo: say next")


@pytest.mark.parametrize("model", SYSTEMS)
def test_a_system_prompt_waits_for_the_next_message_while_a_reply_is_gone_on_with(
    model: str,
) -> None:
    player = Player(Settings(model=model))
    player.say("demo: count to 30")
    player.do("/system Be brief.")
    player.do("/continue")
    assert b"Be brief." not in player.requests[-1].encode()
    player.say("demo: say next")
    assert b"Be brief." in player.requests[-1].encode()


@pytest.mark.parametrize("after", [0, 4, 100])
def test_a_reply_keeps_its_text_where_going_on_brings_only_thinking(after: int) -> None:
    player = Player(Settings(model="claude-opus-5-5", thinking="on"))
    player.do("/user demo: count to 5")
    player.do("/assistant 1 2 3 4 5")
    player.cut_after = after
    for _ in range(2):
        with suppress(CutError):
            player.do("/continue")

    assert player.text.strip() == "1 2 3 4 5"


def test_what_is_not_sent_cannot_be_gone_on_with() -> None:
    player = Player()
    player.say("demo: stop refusal")
    with pytest.raises(UsageError, match="not sent") as refused:
        player.do("/continue")
    assert "/edit" in refused.value.hint
    player.say("demo: count to 30")
    player.do("/drop! 2")
    with pytest.raises(UsageError, match="not sent") as dropped:
        player.do("/continue")
    assert "/restore" in dropped.value.hint
    assert len(player.requests) == 2


def test_a_schema_rules_out_a_prefill() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.do("/choose yes no")
    player.session.prepare(prefill="y")
    player.say("hello")

    assert set(json.loads(player.text)) == {"choice"}
    assert find("claude-opus-5").structured


@pytest.mark.parametrize(
    ("model", "thinking", "natively"),
    [
        ("claude-haiku-4-5", "auto", True),
        ("claude-haiku-4-5", "off", True),
        ("claude-haiku-4-5", "on", False),  # no prefill goes with thinking
        ("claude-opus-5-5", "auto", False),
    ],
)
def test_a_reply_is_gone_on_with_natively_where_the_model_takes_a_prefill(
    model: str, thinking: str, *, natively: bool
) -> None:
    player = Player(Settings(model=model, thinking="auto"))
    player.say("demo: count to 30")
    cut = player.text
    player.session.use(thinking=thinking)
    player.do("/continue")
    sent = player.requests[-1].messages

    assert [m.role for m in sent][-2:] == (
        ["user", "assistant"] if natively else ["assistant", "user"]
    )
    assert (sent[-1].text == cut.rstrip()) is natively
    assert player.text.startswith(cut.rstrip())


def test_a_reply_without_a_question_of_its_own_is_gone_on_with_by_asking() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    player.do("/assistant Well,")
    player.do("/continue")

    assert player.requests[-1].messages[-1].role == "user"


@pytest.mark.parametrize("has_file", [True, False])
@pytest.mark.parametrize(
    ("asked", "answers", "is_learned"),
    [
        ("claude-sonnet-5-5", "smollm2-135m-instruct", True),
        ("claude-opus-4-5", "qwen3:4b", True),
        ("claude-opus-4-5", "claude-opus-4-5-20251101", False),
        ("claude-opus-4-5", "eu.anthropic.claude-x", False),
        ("claude-opus-4-5", "", False),
        ("gpt-4o", "gpt-4o-mini", False),
    ],
)
def test_whoever_answers_in_another_s_place_is_sent_text_files_as_text_from_then_on(
    asked: str, answers: str, is_learned: bool, has_file: bool
) -> None:
    async def stream(_request: Request) -> AsyncGenerator[StreamEvent, None]:
        yield MessageStart(answers)
        yield TextDelta("Well.")
        yield MessageDelta("end_turn")
        yield MessageStop()

    player, view = Player(Settings(model=asked)), QuietView()
    message = Message.user("q", *([DocumentBlock.plain("one", "a.txt")] if has_file else []))
    for _ in range(2):
        asyncio.run(run_turn(player.session, message, stream, view))
    told = [event.text for event in view.events if isinstance(event, Remark)]
    words = f"{answers} answers, not {asked}: it may not see the text file; asked again, it does."
    assert told == ([words] if is_learned and has_file else [])
    assert player.session.model.documents is (not is_learned and "gpt" not in asked)
