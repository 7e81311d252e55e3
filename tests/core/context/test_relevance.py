import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.context.relevance import Index, terms, turn_text
from chatrepl.core.context.trim import Weighed, plan_relevant
from chatrepl.core.talk.conversation import Turn, TurnId
from chatrepl.core.talk.message import Message
from tests.core.recall import recall, rough_tokens


def turn(id_: str, *texts: str) -> Turn:
    roles = ("user", "assistant")
    made = [Message.from_wire({"role": roles[i], "content": t}) for i, t in enumerate(texts)]
    return Turn(TurnId(id_), None, tuple(made))


def index(*texts: str) -> Index:
    made = Index()
    for i, text in enumerate(texts):
        made.add(TurnId(str(i)), text)
    return made


@pytest.mark.parametrize(
    ("chinese", "share", "bar"), [(False, 0.1, 0.65), (False, 0.2, 0.80), (True, 0.1, 0.80)]
)
def test_what_is_asked_for_is_kept(chinese: bool, share: float, bar: float) -> None:
    mine, oldest = recall(3, share, chinese=chinese, seed=3, tokens=rough_tokens)
    assert mine >= bar
    assert mine >= 2 * oldest


def test_words_are_compared_without_case_and_plural() -> None:
    assert terms("The Ports of STRASSE") == ["port", "strasse"]
    assert terms("gas bus cats") == ["gas", "bus", "cat"]


def test_scripts_without_blanks_are_cut_into_pairs() -> None:
    assert terms("负责人") == ["负责", "责人"]
    assert terms("端") == ["端"]
    assert terms("v2端口") == ["v2", "端口"]


def test_rare_words_weigh_more() -> None:
    made = index("port port", "port of the robot", "port again", "nothing here")
    scores = made.scores("port robot")
    assert max(scores, key=lambda id_: scores[id_]) == "1"
    assert "3" not in scores


@given(st.lists(st.text("ab 漢字", max_size=20), min_size=1, max_size=8), st.text("ab 漢字"))
def test_the_order_of_adding_does_not_matter(texts: list[str], query: str) -> None:
    forth, back = Index(), Index()
    for i, text in enumerate(texts):
        forth.add(TurnId(str(i)), text)
    for i, text in reversed(list(enumerate(texts))):
        back.add(TurnId(str(i)), text)
    assert forth.scores(query) == pytest.approx(back.scores(query))


def test_a_turn_is_taken_in_once_and_only_with_its_reply() -> None:
    made = Index()
    made.add_turns([turn("1", "a question"), turn("2", "robot?", "yes")])
    assert TurnId("1") not in made
    made.add_turns([turn("2", "other", "words")])
    assert list(made.scores("robot")) == ["2"]


def test_question_and_answer_can_be_found() -> None:
    assert turn_text(turn("1", "why", "because")) == "why\nbecause"


def test_an_empty_index_knows_nothing() -> None:
    assert index().scores("anything") == {}


def weighed(count: int) -> list[Weighed]:
    return [Weighed(TurnId(str(i)), 100) for i in range(count)]


def test_first_newest_pinned_and_best_are_kept() -> None:
    scores = {TurnId("7"): 2.0, TurnId("9"): 0.5, TurnId("5"): 0.0}
    made = plan_relevant(weighed(20), scores, target=700, pins={TurnId("4")})
    assert made.kept == ("0", "4", "7", "9", "18", "19")


def test_no_more_than_asked_for_is_kept() -> None:
    scores = {TurnId(str(i)): float(i) for i in range(20)}
    for target in range(100, 2100, 100):
        assert plan_relevant(weighed(20), scores, target=target).after <= target


def test_the_newest_stays_whatever_it_takes() -> None:
    assert plan_relevant(weighed(3), {}, target=10).kept == ("2",)
    assert plan_relevant([], {}, target=10).kept == ()


def test_a_turn_that_is_known_stays_as_it_was() -> None:
    index = Index()
    index.add(TurnId("a"), "otters")
    index.add(TurnId("a"), "tins")

    assert TurnId("a") in index
    assert TurnId("a") in index.scores("otters")
    assert not index.scores("tins")


def test_a_turn_that_fits_exactly_is_kept() -> None:
    scores = {TurnId("1"): 1.0}

    assert plan_relevant(weighed(3), scores, target=300).kept == ("0", "1", "2")
    assert plan_relevant(weighed(3), scores, target=299).kept == ("0", "2")


def test_a_heavy_first_turn_makes_way() -> None:
    turns = [Weighed(TurnId("first"), 1000), *weighed(4)]

    assert "first" not in plan_relevant(turns, {}, target=500).kept
    assert plan_relevant(weighed(1), {}, target=500).kept == ("0",)
