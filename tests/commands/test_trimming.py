import re

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chatrepl.commands.cost import cooled
from chatrepl.core.errors import UsageError
from chatrepl.core.outcome import Confirm
from chatrepl.core.settings import Settings
from chatrepl.core.words import tokens_words
from tests.commands.trimmer import Trimmer

LONG = "demo: say ok\n" + "otters swim " * 300
RANGES = st.one_of(
    st.integers(1, 7).map(str),
    st.builds("last {}".format, st.integers(1, 5)),
    st.builds("{}-".format, st.integers(1, 5)),
    st.builds("-{}".format, st.integers(1, 5)),
    st.just("all"),
)
LINES = st.one_of(
    st.builds("/drop {}".format, RANGES),
    st.builds("/keep {}".format, RANGES),
    st.builds("/pin {}".format, RANGES),
    st.builds("/restore {}".format, RANGES),
    st.builds("/truncate {}".format, st.sampled_from(["1", "2", "4", "1k", "300t", "1%"])),
    st.builds("/relevant {}".format, st.sampled_from(["", "otters", "tin", "nothing"])),
    st.just("/restore"),
    st.just("/compact"),
    st.just("/compact the tin"),
)
SAID = st.sampled_from(
    ["demo: think", "demo: say otters", "demo: say tins", "demo: stop refusal", "demo: tool", LONG]
)


@pytest.fixture(name="chat")
def _chat() -> Trimmer:
    chat = Trimmer()
    chat.talk("demo: say one", "demo: say two", LONG, "demo: say four")
    return chat


class Cuts(RuleBasedStateMachine):
    """Cuts of every kind in any order, in a chat with thinking, tools and refusals."""

    @initialize(tools=st.booleans(), system=st.sampled_from(["", "Be brief.", "Count. " * 800]))
    def begin(self, tools: bool, system: str) -> None:
        self.chat = Trimmer()
        self.chat.start_with(system)
        if tools:
            self.chat.load_tools()

    @rule(text=SAID)
    def say(self, text: str) -> None:
        self.chat.send(text)
        assert self.chat.statuses[-1] == 200

    @rule(model=st.sampled_from(["claude-opus-5-5", "claude-haiku-4-5", "claude-sonnet-4-6"]))
    def switch(self, model: str) -> None:
        self.chat.do(f"/model {model}")

    @rule(line=LINES)
    def cut(self, line: str) -> None:
        chat = self.chat
        before, said, state = chat.bytes(), len(chat.said), chat.session.conversation.state
        turns = dict(chat.session.conversation.turns)
        try:
            chat.do(line)
        except UsageError:
            assert chat.bytes() == before
            return
        assert dict(chat.session.conversation.turns) == turns
        if chat.session.conversation.state == state:
            assert chat.bytes() == before
            return
        after = chat.bytes()
        told = re.findall(r"→ (\S+) tokens", "\n".join(chat.said[said:]))
        now = chat.session.ledger.next_total(chat.session.conversation, chat.session.model)
        assert told == [tokens_words(now)] or line.startswith("/pin")
        chat.do("/undo")
        assert chat.bytes() == before
        chat.do("/redo")
        assert chat.bytes() == after

    def teardown(self) -> None:
        chat = getattr(self, "chat", None)
        if chat is None:
            return
        chat.say("demo: say the end")
        assert set(chat.statuses) == {200}


TestCuts = Cuts.TestCase
TestCuts.settings = settings(
    max_examples=25,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_a_preview_changes_nothing_until_it_is_agreed_to(chat: Trimmer) -> None:
    chat.agree = False
    before = chat.bytes()
    for line in ("/truncate 1", "/drop 1-3", "/keep 4", "/compact", "/relevant otters"):
        assert isinstance(chat.do(line), Confirm) or line == "/compact"
        assert chat.bytes() == before

    chat.do("/drop! 1")
    assert chat.bytes() != before


def test_a_preview_tells_turns_tokens_and_price(chat: Trimmer) -> None:
    chat.do("/drop 1, 3")

    assert re.match(
        r"2 turns no longer sent \(1, 3\), ~?[\d.k]+ → ~?[\d.k]+ tokens\. ", chat.said[-2]
    )
    assert "$" in chat.said[-2]
    assert chat.heard == "Done. /undo takes that back."
    chat.do("/restore 3")
    assert "1 turn sent again (3)" in chat.said[-2]


def test_a_preview_warns_of_a_warm_cache_that_it_breaks(chat: Trimmer) -> None:
    assert chat.session.books.footprint is not None
    chat.do("/drop 1")

    assert "about $" in chat.heard
    assert "more next time: the cache is lost." in chat.heard


def test_a_change_of_little_is_made_unasked_and_names_the_way_back(chat: Trimmer) -> None:
    chat.agree = False
    for line in ("/drop 1", "/restore 1"):
        before = chat.bytes()
        chat.do(line)
        assert chat.heard.endswith("/undo takes that back.")
        assert chat.bytes() != before
    assert chat.asked == []


@pytest.mark.parametrize(
    ("line", "question", "refused"),
    [
        ("/drop 1-3", "Drop 3 turns? y: drop · N: keep sending", "Not dropped."),
        ("/keep 4", "Leave out 3 turns? y: leave out · N: send all", "Not left out."),
        ("/truncate 1", "Leave out 3 turns? y: leave out · N: send all", "Not left out."),
        ("/restore 1-3", "Send 3 turns again? y: send · N: leave out", "Not restored."),
        ("/compact", "Let the summary stand for 2 turns? y: summarise · N: keep sending them",
         "Not summarised."),
    ],
)  # fmt: skip
def test_a_question_says_what_either_answer_does(
    chat: Trimmer, line: str, question: str, refused: str
) -> None:
    if line.startswith("/restore"):
        chat.do("/drop! 1-3")
    chat.agree, chat.aside = False, "demo: say what was said"
    chat.do(line)
    assert (chat.asked[-1], chat.heard) == (question, refused)


def test_without_known_prices_none_is_told() -> None:
    chat = Trimmer()
    chat.talk("demo: say one", "demo: say two")
    chat.session.use(model="claude-next-9")
    chat.do("/drop 1")

    assert chat.said[-2].endswith("tokens.")


def test_pinned_turns_stay_whatever_is_cut(chat: Trimmer) -> None:
    chat.do("/pin 1")
    chat.do("/truncate! 1")
    marks = list(chat.session.conversation.state.marks.values())
    assert sorted(marks) == ["dropped", "dropped", "pinned"]

    chat.do("/keep! 2")
    sent = chat.bytes()
    assert b"say one" in sent
    assert b"say two" in sent
    assert b"otters" not in sent
    assert b"say four" not in sent


@pytest.mark.parametrize(
    ("line", "told", "standings"),
    [
        ("/pin! 1", "1 turn sent again (1), 1 turn pinned (1), ~", "ps--"),
        ("/pin! 3", "1 turn pinned (3). /undo", "ssp-"),
        ("/keep! 2", "2 turns no longer sent (3-4), 1 turn sent again (2), 1 turn", "d-dd"),
        ("/keep! 3", "1 turn no longer sent (4), 2 turns dropped with the summary (1-2)", "dd-d"),
        ("/drop! 1-2", "2 turns dropped with the summary (1-2), ~", "dd--"),
        ("/drop! 2", "1 turn dropped, but not from the summary (2). /undo", "sd--"),
        ("/drop! 2-3", "1 turn no longer sent (3), 1 turn dropped, but not", "sdd-"),
        ("/restore! 1", "1 turn sent again (1), ~", "-s--"),
        ("/restore!", "2 turns sent again (1-2), ~", "----"),
    ],
)
def test_what_is_chosen_by_hand_may_be_summarised(
    chat: Trimmer, line: str, told: str, standings: str
) -> None:
    chat.aside = "demo: say all of it"
    chat.do("/compact!")
    chat.do(line)

    state = chat.session.conversation.state
    names = [state.standing(turn.id) or "-" for turn in chat.session.conversation.path()]
    assert chat.heard.startswith(told)
    assert "".join(name[0] for name in names) == standings
    assert (b"<summary>" in chat.bytes()) == ("summarised" in names)
    chat.do("/undo")
    assert chat.session.conversation.state.marks == {}
    assert b"<summary>" in chat.bytes()


def test_a_pin_is_told_and_taken_off_and_dropped_turns_are_pinned_after_a_yes(
    chat: Trimmer,
) -> None:
    chat.do("/pin 2, 4")
    assert chat.heard == "2 turns pinned (2, 4). /undo takes that back."
    chat.do("/restore 2")
    assert chat.heard == "1 turn no longer pinned (2). /undo takes that back."
    chat.do("/drop! 3")
    chat.agree = False
    chat.do("/pin 3")
    assert chat.asked[-1] == "Pin and send 1 turn? y: send · N: leave out"
    assert chat.heard == "Not pinned."


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/truncate 20", "within that already"),
        ("/truncate 1t", "Only the newest"),
        ("/restore", "sent already"),
        ("/drop! 2", "left out already"),
        ("/pin 2", "pinned already"),
        ("/keep 1-", "changes nothing"),
        ("/relevant", "nothing is left out"),
    ],
)
def test_what_would_change_nothing_says_so(chat: Trimmer, line: str, said: str) -> None:
    if line == "/drop! 2":
        chat.do("/drop! 2")
    if line in {"/pin 2", "/truncate 1t", "/relevant"}:
        chat.do("/pin all")
    chat.do(line)

    assert said in chat.heard


def test_nothing_is_cut_while_a_tool_call_is_open() -> None:
    chat = Trimmer()
    chat.load_tools()
    chat.do("/truncate 1t")

    assert "awaited" in chat.heard


def test_restoring_a_part_of_what_was_summarised_leaves_the_rest_summarised(chat: Trimmer) -> None:
    chat.do("/compact!")
    summary = chat.session.conversation.state.summary
    assert summary is not None
    assert len(summary.covers) == 2

    chat.do("/restore! 1")
    left = chat.session.conversation.state.summary
    assert left is not None
    assert len(left.covers) == 1
    chat.do("/restore! all")
    assert chat.session.conversation.state.summary is None


def test_pins_that_leave_nothing_to_cut_are_named(chat: Trimmer) -> None:
    chat.do("/truncate 9")
    assert "within that already" in chat.heard
    chat.do("/pin all")
    chat.do("/truncate! 1")
    assert "/restore takes pins off" in chat.heard


def test_one_undo_takes_back_what_one_restore_brought_back(chat: Trimmer) -> None:
    chat.do("/compact!")
    chat.do("/drop! 3")
    before = chat.bytes()
    chat.do("/restore!")
    assert chat.bytes() != before
    chat.do("/undo")
    assert chat.bytes() == before


@pytest.mark.parametrize("line", ["/drop 1", "/relevant", "/keep all"])
def test_an_empty_conversation_has_no_turns_to_choose(line: str) -> None:
    with pytest.raises(UsageError, match="Nothing has been said yet"):
        Trimmer().do(line)


def test_an_unlisted_model_has_a_window_to_cut_to() -> None:
    chat = Trimmer()
    chat.talk("demo: say one", "demo: say two")
    chat.session.use(model="claude-next-9")
    chat.do("/truncate! 100%")

    assert "within that already" in chat.heard


@pytest.mark.parametrize(
    ("line", "way_back"),
    [("/model fable-5-1", "/model claude-opus-5-5 goes back"), ("/system clear", "/undo keeps it")],
)
def test_what_makes_a_warm_cache_useless_says_what_that_costs(line: str, way_back: str) -> None:
    chat = Trimmer()
    chat.start_with("Be brief.")
    chat.talk(LONG, "demo: say two")
    chat.do(line)
    assert re.search(r"the cache is lost", chat.heard)
    assert way_back in chat.heard


@pytest.mark.parametrize("line", ["/model haiku-5-5", "/system clear"])
def test_without_a_warm_cache_nothing_is_lost(line: str) -> None:
    chat = Trimmer()
    chat.talk("demo: say one")
    chat.do(line)
    assert "the cache is lost" not in chat.heard


@pytest.mark.parametrize(
    ("line", "cools"),
    [
        ("/web on", "opus-4-7"),
        ("/think hide", ""),
        ("/effort low", "opus-4-7 opus-4-8"),
        ("/choose yes no", "opus-5-5 opus-4-7 opus-4-8"),
        ("/set effort low", "opus-4-7 opus-4-8"),
        ("/system Be brief.", "opus-4-7"),
        ("/set cache.enabled false", "opus-5-5 opus-4-7 opus-4-8"),
        ("/set max_tokens 999", ""),
        ("/set theme dark", ""),
    ],
)
@pytest.mark.parametrize("model", ["opus-5-5", "opus-4-7", "opus-4-8"])
def test_what_makes_a_warm_cache_cold_says_so(line: str, cools: str, model: str) -> None:
    made = Trimmer(Settings(model=f"claude-{model}"))
    made.talk("demo: say " + "otters swim " * 400, "demo: say two")
    assert cooled(made.session, lambda: None) == ""
    made.do(line)
    assert ("the cache is lost" in made.said[-1]) is (model in cools.split())


def test_the_first_tool_of_a_chat_may_be_read_with_all_the_rest_and_that_is_said_once() -> None:
    made = Trimmer()
    made.talk("demo: say " + "otters swim " * 400, "demo: say two")
    made.do("/web on")
    assert "may read it anew once" in made.said[-1]
    made.talk("demo: say three")
    for line in ("/web off", "/effort low", "/web on"):
        made.do(line)
        assert not re.search("anew|the cache is lost", made.said[-1])
