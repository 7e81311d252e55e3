"""Replies of a given form."""

from pathlib import Path

import pytest

from chatrepl.commands.forms import bare_choice, complaint
from chatrepl.commands.slash import complete_line
from chatrepl.core.errors import UsageError
from chatrepl.core.exchange.form import Form
from chatrepl.core.settings import Settings
from tests.commands.playing import Player

SCHEMA = '{"type":"object","properties":{"a":{"type":"integer","minimum":3}},"required":["a"]}'


def test_a_schema_is_sent_and_held_against_the_reply() -> None:
    player = Player()
    player.do(f"/schema {SCHEMA}")
    assert "service enforces" in player.heard
    player.say("hello")
    assert player.requests[-1].params["output_config"]["format"]["type"] == "json_schema"
    assert player.statuses == [200]
    assert complaint(player.session.next.form, '{"a":1}').startswith("The reply does not fit")
    assert complaint(player.session.next.form, '{"a":4}') == ""
    assert complaint(player.session.next.form, "{") == "The reply is not valid JSON."
    assert complaint(None, "x") == ""
    assert complaint(player.session.next.form, " ") == ""


def test_a_schema_is_read_from_a_file_shown_and_cleared(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text(SCHEMA)
    player = Player()
    player.do("/schema")
    assert "no given form" in player.heard
    player.do(f"/schema {file}")
    player.do("/schema")
    assert '"minimum":3' in player.heard
    player.do("/schema clear")
    assert player.session.next.form is None
    player.session.prepare(form=Form(None))
    player.do("/schema")
    assert "{}" in player.heard


def test_a_path_may_be_typed_in_quotes(tmp_path: Path) -> None:
    (tmp_path / "my schema.json").write_text(SCHEMA)
    player = Player()
    player.do(f"/schema '{tmp_path}/my schema.json'")

    assert player.session.next.form is not None


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-haiku-4-5"])
def test_a_choice_is_one_of_them(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/choose yes, no")
    player.say("demo: say whatever")
    form = player.session.next.form
    assert form is not None
    assert complaint(form, player.text) == ""
    assert form.read(player.text)[0] in {"yes", "no"}
    assert complaint(form, "perhaps") == "The reply is not one of the choices."
    player.do("/choose")
    assert "one of yes, no" in player.heard
    player.do("/choose clear")
    assert player.session.next.form is None
    with pytest.raises(UsageError, match="at least two"):
        player.do("/choose yes")


def test_the_bare_choice_is_told_where_the_reply_wraps_it_up() -> None:
    form = Form.choose(("red", "blue"))
    assert bare_choice(form, '{"choice":"red"}') == "red"
    assert [bare_choice(form, text) for text in ("red", "green", "")] == ["", "", ""]
    assert bare_choice(None, "red") == bare_choice(Form(None), '{"choice":"red"}') == ""


def test_a_model_that_enforces_nothing_is_asked_in_words() -> None:
    player = Player(Settings(model="llama"))
    player.do("/choose yes no")
    request = player.session.request(player.session.compose("Well?"))

    assert "output_config" not in request.params
    assert "exactly one of" in request.messages[-1].text
    assert request.ours == 1
    player.do(f"/schema {SCHEMA}")
    assert "asked to follow" in player.heard


@pytest.mark.parametrize("line", ["/schema nowhere.json", "/schema {bad", "/choose one"])
def test_a_form_that_is_none_leaves_the_one_there_is(line: str) -> None:
    player = Player()
    player.do("/choose yes no")
    with pytest.raises(UsageError) as refused:
        player.do(line)

    assert refused.value.hint == "The form of replies is as it was."
    player.do("/choose")
    assert "one of yes, no" in player.heard


def test_arguments_are_completed(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(SCHEMA)
    session = Player().session
    offered = [text for text, _ in complete_line(session, f"/schema {tmp_path}/")[1]]
    assert any(text.endswith("s.json") for text in offered)
    assert [text for text, _ in complete_line(session, "/choose c")[1]] == ["clear"]
