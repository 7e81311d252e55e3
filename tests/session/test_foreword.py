from datetime import UTC, datetime

import pytest

from chatrepl.attachments.attach import Attachment
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.exchange.form import Form
from chatrepl.core.models import OWN_TOOLS
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import DocumentBlock
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.session.foreword import foreword, retirement
from chatrepl.session.workbench import Workbench
from tests.commands.playing import Player
from tests.toolbox import FakeBox


def _at(day: str, model: str, **settings: object) -> Player:
    player = Player(Settings(model=model, **settings))  # type: ignore[arg-type]
    when = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC).timestamp()
    player.session.equip(clock=lambda: when)
    return player


@pytest.mark.parametrize(
    ("day", "model", "words"),
    [
        ("2026-11-22", "claude-opus-4-5", ""),
        ("2026-11-23", "claude-opus-4-5", "ends in 60 days, on 2027-01-22"),
        ("2026-11-29", "claude-sonnet-4-5-20250929", "ends in 1 day, on 2026-11-30"),
        ("2026-11-30", "claude-sonnet-4-5", "ends today, on 2026-11-30"),
        ("2026-12-01", "claude-sonnet-4-5", "ended on 2026-11-30"),
        ("2026-12-01", "claude-3-opus-20240229", "ended on 2026-01-05"),
        ("2026-12-01", "claude-mythos-preview", "ended on 2026-06-30"),
        ("2026-12-01", "claude-opus-5-5", ""),
        ("2026-12-01", "llama-4", ""),
    ],
)
def test_a_model_that_ends_within_two_months_says_so(day: str, model: str, words: str) -> None:
    session = _at(day, model).session
    assert retirement(session) == (
        f"{model} {words}. /models lists what there is." if words else ""
    )
    assert retirement(session) == ""


def test_what_was_said_today_is_not_said_again() -> None:
    session = _at("2026-11-29", "claude-sonnet-4-5").session
    session.equip(first_today=lambda _what: False)
    assert foreword(session) == ()


def test_what_is_not_sent_is_said_under_a_reply_once() -> None:
    player = _at("2026-10-01", "claude-haiku-4-5", effort="high", temperature=0.5)
    assert [line.split()[0] for line in foreword(player.session)] == ["effort", "Not"]
    assert foreword(player.session) == ()


def test_tools_that_are_not_offered_are_told_of_where_there_are_some() -> None:
    session = Player().session
    session.learn(session.model.id, **{OWN_TOOLS: False})
    assert foreword(session) == ()
    session.bench = Workbench(FakeBox())
    assert foreword(session) == (f"Tools are not offered: {session.model.id} takes none.",)
    assert foreword(session) == ()


@pytest.mark.parametrize(
    ("model", "form", "prefill", "said"),
    [
        ("claude-opus-5-5", Form({"type": "object"}), "{", False),
        ("claude-opus-5-5", Form({"type": "object"}), "Sure:", True),
        ("claude-opus-5-5", Form.choose(("yes", "no")), "n", False),
        ("claude-opus-5-5", Form.choose(("yes", "no")), "maybe", True),
        ("claude-opus-5-5", Form(None), "Sure:", False),
        ("claude-opus-5-5", None, "Sure:", False),
        ("claude-opus-5-5", Form.choose(("yes", "no")), "", False),
    ],
)
def test_a_prefill_that_the_form_has_no_place_for_is_said_not_to_be_sent(
    model: str, form: Form | None, prefill: str, *, said: bool
) -> None:
    session = Player(Settings(model=model)).session
    session.prepare(form=form, prefill=prefill)
    lines = [line for line in foreword(session) if "prefill" in line]

    assert lines == [line for line in lines if f"{prefill!r} is not sent" in line]
    assert bool(lines) is said


def test_the_choices_that_are_asked_for_begin_with_the_prefill() -> None:
    session = Player(Settings(model="claude-opus-5-5")).session
    session.prepare(form=Form.choose(("yes", "no", "none")), prefill="no")
    schema = session.situation.ask.schema

    assert schema is not None
    assert schema["properties"]["choice"]["enum"] == ["no", "none"]


@pytest.mark.parametrize("is_staged", [True, False])
@pytest.mark.parametrize("model", ["gpt-4o", "smollm2", "claude-opus-5-5", "anthropic/claude-9"])
def test_that_a_pdf_may_not_be_seen_is_said_once_of_models_of_others(
    model: str, is_staged: bool
) -> None:
    session = Player(Settings(model=model)).session
    pdf, text = DocumentBlock.base64_pdf("JVBERi0="), DocumentBlock.plain("one")
    session.stage(Attachment(text, "a.txt", FileKind.TEXT, "", None))
    assert foreword(session) == ()
    if is_staged:
        session.stage(Attachment(pdf, "a.pdf", FileKind.PDF, "", None))
    else:
        turn = Turn(TurnId("a"), None, (Message.user("q", pdf),))
        session.conversation = session.conversation.add(turn)
    is_ours = "claude" in model
    told = f"{model} may not see the PDF: some servers leave PDFs out without a word."
    assert foreword(session) == (() if is_ours else (told,))
    assert foreword(session) == ()
