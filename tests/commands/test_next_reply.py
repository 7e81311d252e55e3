"""Model, system prompt, prefill, thinking, effort, web."""

from pathlib import Path

import pytest

from chatrepl.commands.slash import complete_line
from chatrepl.config.load import MOST_SYSTEM_BYTES, load, set_value
from chatrepl.core.errors import ConfigError, UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.outcome import Page, Several
from chatrepl.core.settings import Settings
from chatrepl.core.talk.message import Message
from tests.commands.playing import Player
from tests.commands.trimmer import Trimmer


def test_a_switch_of_model_says_what_it_costs() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.do("/model")
    assert player.heard.startswith(
        "claude-opus-5 · price unknown · window 1M, reply ≤ 128k · thinks"
    )
    assert "No prefill of its own; it is emulated." in player.heard
    player.do("/model opus-5")
    player.say("demo: think")
    outcome = player.do("/model haiku-4-5")

    assert isinstance(outcome, Several)
    said = " ".join(player.said)
    assert "Thinking of claude-opus-5 is no longer sent" in said
    player.say("demo: say fine")
    player.do("/model sonnet-4-6")
    assert set(player.statuses) == {200}


def test_a_model_is_told_with_its_price_and_its_end() -> None:
    player = Trimmer(Settings(model="claude-haiku-4-5"))
    player.do("/model")
    assert player.heard.startswith(
        "claude-haiku-4-5 · $1 in, $5 out per million tokens · window 200k"
    )
    assert "prefill" not in player.heard
    player.do("/model claude-opus-4-5")
    assert "Retires on 2027-01-22; /models lists others." in "\n".join(player.said)
    player.do("/model! gpt-x")
    assert "gpt-x: not in the list." in "\n".join(player.said)
    assert "its price is not known" in "\n".join(player.said)


@pytest.mark.parametrize(
    ("before", "after", "price"),
    [
        ("claude-haiku-4-5", "claude-opus-4-5", "$1 → $5 in, $5 → $25 out per"),
        ("claude-opus-5-5", "claude-opus-4-5", "$4 → $5 in, $20 → $25 out per"),
        ("claude-opus-5", "claude-opus-4-5", "$5 in, $25 out per"),
        ("claude-opus-5", "claude-opus-5", "$5 in, $25 out per"),
    ],
)
def test_a_switch_tells_the_old_price_and_the_new_one(before: str, after: str, price: str) -> None:
    player = Trimmer(Settings(model=before))
    player.do(f"/model {after}")
    assert f"{after} · {price} million tokens" in "\n".join(player.said)
    player.do("/model")
    assert "→" not in player.heard


def test_a_system_prompt_takes_effect_with_the_next_message(tmp_path: Path) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.do("/system")
    assert "no system prompt" in player.heard
    (tmp_path / "s.md").write_text("From a file.\n")
    player.do(f"/system @{tmp_path}/s.md")
    player.say("demo: say one")
    assert player.requests[-1].params["system"] == "From a file."
    player.do("/system Be brief.")
    assert "cache stays good" in player.heard
    player.say("demo: say two")
    assert player.requests[-1].messages[-1].role == "system"
    assert player.session.system == "Be brief."
    player.do("/system clear")
    assert player.session.system == ""
    player.say("demo: say three")
    assert "system" not in player.requests[-1].params
    player.do("/model sonnet-4-6")
    player.do("/system At the top.")
    player.say("demo: say four")
    assert player.requests[-1].params["system"] == "At the top."
    assert set(player.statuses) == {200}


def test_flag_and_command_read_the_same_system_prompts(tmp_path: Path) -> None:
    long, large, latin = (tmp_path / name for name in ("long", "large", "latin"))
    long.write_text("word " * 1_500_000)
    large.write_bytes(b"x" * (MOST_SYSTEM_BYTES + 1))
    latin.write_bytes(b"\xe4")
    player = Player()
    player.do(f"/system @{long}")
    assert player.session.system == set_value(Settings(), "system", f"@{long}").system

    for path, words in ((large, "8000 kB"), (latin, "UTF-8"), (tmp_path / "no", "no such file")):
        with pytest.raises(ConfigError, match=words) as command:
            player.do(f"/system @{path}")
        with pytest.raises(ConfigError) as flag:
            load(environ={}, options={"system": f"@{path}"})
        assert flag.value.message == f"--system: {command.value.message}"


def test_a_system_prompt_is_edited() -> None:
    player = Player(edited=" edited \n")
    player.do("/system edit")

    assert player.session.system == "edited"


def test_a_prefill_is_for_the_next_reply_or_pinned() -> None:
    player = Player(Settings(model="claude-haiku-4-5"))
    player.do("/prefill")
    assert player.heard.startswith("No prefill.")
    player.do("/prefill Well,")
    assert player.heard == "The next reply begins with 'Well,' (native on claude-haiku-4-5)."
    player.do("/model opus-5-5")
    with pytest.raises(UsageError, match="takes the text"):
        player.do("/prefill pin")
    player.do("/prefill pin Sure:")
    player.session.prepare(prefill="")
    player.do("/prefill")
    assert player.heard == "Every reply begins with 'Sure:' (emulated on claude-opus-5-5)."
    player.do("/choose yes no")
    player.do("/prefill")
    assert "(schema on" in player.heard
    assert player.heard.endswith("'Sure:' is not sent: none of the choices begins so.")
    player.do("/prefill y")
    assert player.heard.endswith(
        "(schema on claude-opus-5-5). Every one after it begins with 'Sure:'."
    )
    player.do('/schema {"type": "object"}')  # which the service does not enforce
    player.do("/prefill Well")
    assert "(emulated on" in player.heard
    player.do("/schema name, age int")
    player.do("/prefill Well")
    assert player.heard.endswith("'Well' is not sent: the schema rules the beginning.")
    player.do("/prefill clear")
    assert player.session.next.pinned_prefill == ""


@pytest.mark.parametrize("text", ["The answer is ", "```json\n", "a\n\n", "b"])
def test_the_blanks_at_the_end_of_a_prefill_are_part_of_it(text: str) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.do(f"/prefill  {text}")
    assert player.session.next.prefill == text
    player.do(f"/prefill pin {text}")
    assert player.session.next.pinned_prefill == text
    with pytest.raises(UsageError, match="takes the text"):
        player.do("/prefill pin  ")
    player.do("/prefill clear ")
    assert not player.session.next.begins_with
    player.do("/prefill  ")
    assert player.heard.startswith("No prefill.")


def test_thinking_is_set_shown_and_refused_in_words() -> None:
    player = Player(Settings(model="claude-opus-5"))
    player.do("/think")
    assert player.heard == "Thinking is auto, and shown."
    player.do("/think show")
    assert player.heard == "Thinking is shown."
    player.do("/think on")
    player.say("demo: think")
    player.do("/user And a turn without thinking?")
    player.do("/think show")
    assert player.heard.startswith("> ")
    assert isinstance(player.do("/think show"), Page)
    player.do("/think hide")
    player.do("/think")
    assert player.heard.endswith("hidden.")
    player.do("/model! llama")
    with pytest.raises(UsageError, match="cannot think"):
        player.do("/think on")


def test_effort_is_what_the_model_has() -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.do("/effort")
    assert "low, medium, high, xhigh, max" in player.heard
    player.do("/effort max")
    player.say("demo: say one")
    assert player.requests[-1].params["output_config"] == {"effort": "max"}
    player.do("/effort clear")
    assert player.session.settings.effort == ""
    player.do("/model! llama")
    player.do("/effort")
    assert "none" in player.heard
    with pytest.raises(UsageError, match="no effort levels"):
        player.do("/effort low")


GONE = {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "web_search"}}


@pytest.mark.parametrize("model", TABLE)
def test_web_search_is_offered_in_the_form_the_model_takes(model: str) -> None:
    player = Player(Settings(model=model))
    player.engine.caller = "none"  # the blocks of 2025
    player.do("/web")
    assert player.heard == "Web search is off."
    player.do("/web on")
    player.say("demo: search otters")
    player.do("/web off")
    player.say("demo: search otters")

    assert player.statuses == [200, 200]
    last = player.requests[-1]
    if TABLE[model].mid_system:
        assert last.messages[-1].to_wire()["content"] == [GONE]
    else:
        assert last.params["tool_choice"] == {"type": "none"}
    assert "otters" not in player.text


@pytest.mark.parametrize("model", TABLE)
def test_pages_are_read_in_the_form_the_model_takes(model: str) -> None:
    player = Player(Settings(model=model))
    player.do("/web fetch")
    assert "A page may talk the model into reading another one" in player.heard
    player.do("/web")
    assert player.heard == "Web search and the reading of pages are on."
    player.say("demo: fetch https://example.com/a")
    assert "The page says" in player.text
    player.session.use(web_allowed_domains=("example.com",))
    player.do("/web fetch")
    assert player.heard.endswith("Only example.com are searched and read.")
    player.say("demo: search otters")
    player.do("/web off")
    player.say("And now?")
    assert player.statuses == [200, 200, 200]


def test_web_search_is_refused_where_there_is_none() -> None:
    with pytest.raises(UsageError, match="no web search"):
        Player(Settings(model="llama")).do("/web on")


def test_a_misspelt_model_is_not_switched_to_and_the_nearest_named() -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    with pytest.raises(UsageError, match=r"no model sonet-4\.6") as caught:
        player.do("/model sonet-4.6")
    assert caught.value.hint.startswith("Did you mean claude-sonnet-4-6?")
    assert player.session.model.id == "claude-opus-5-5"
    player.do("/model! sonet-4.6")
    assert player.session.model.id == "sonet-4.6"
    assert "learned as it answers" in player.said[-2]


def test_an_id_nobody_listed_may_be_new_or_of_another_server() -> None:
    player = Player()
    player.do("/model claude-opus-9")
    player.do("/effort max")
    assert player.session.request(Message.user("q")).params["output_config"] == {"effort": "max"}
    player.do("/effort")
    assert "unknown levels" in player.heard
    player.do("/think on")
    assert player.heard == "Thinking is on."
    player.session.use(base_url="http://localhost:1")
    player.do("/model sonet-4.6")
    assert player.session.model.id == "sonet-4.6"


def test_models_and_words_are_completed() -> None:
    session = Player().session
    assert ("claude-haiku-4-5", "price unknown") in complete_line(session, "/model haiku")[1]
    assert complete_line(session, "/effort x")[1] == [("xhigh", "Very thorough; takes longer")]


def test_a_model_that_always_thinks_is_not_said_to_stop() -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    player.do("/think off")
    assert "claude-opus-5-5 always thinks first" in player.heard
    player.do("/model sonnet-5-5")
    player.do("/think off")
    assert player.heard == "Thinking is off."


@pytest.mark.parametrize(
    ("model", "text", "keeps_the_cache"),
    [
        ("claude-opus-5-5", "Be brief.", True),
        ("claude-opus-5-5", "", False),
        ("claude-sonnet-4-6", "Be brief.", False),
        ("claude-sonnet-4-6", "", False),
    ],
)
def test_only_a_system_prompt_in_a_message_of_its_own_keeps_the_cache(
    model: str, text: str, *, keeps_the_cache: bool
) -> None:
    player = Player(Settings(model=model))
    player.do("/system At the top.")
    player.say("demo: say one")
    player.do(f"/system {text or 'clear'}")

    assert ("the cache stays good" in player.heard) is keeps_the_cache


def test_documents_are_cited_from_the_next_reply_on_and_listed_as_sources(tmp_path: Path) -> None:
    player = Player(Settings(model="claude-opus-5-5"))
    (tmp_path / "notes.txt").write_text("Otters swim. Otters sleep holding hands.")
    player.do("/cite")
    assert player.heard == "Citing documents is off."
    player.do(f"/image {tmp_path / 'notes.txt'}")
    player.say("demo: say seen")
    player.do("/cite on")
    assert player.heard.startswith("Citing documents is on.")
    turn = player.say("demo: cite")
    assert player.statuses == [200, 200]
    player.do("/export md")
    assert "[^1]: notes.txt" in player.heard
    assert turn.assistant is not None
    assert any(block.to_wire().get("citations") for block in turn.assistant.content)

    player.do('/schema {"type": "object"}')
    player.say("demo: say so")
    player.do("/schema clear")
    player.do("/cite off")
    player.say("demo: say on")
    assert set(player.statuses) == {200}
