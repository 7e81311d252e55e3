"""What a session does without the world: the shelf, a recorder that keeps nothing, bare edges."""

from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.usage import Usage
from chatrepl.core.world import Edges, NoRecorder, OpenPair, Shelf, rough_count


@given(st.lists(st.sampled_from(["put", "back", "forth"]), max_size=20))
def test_no_conversation_is_ever_lost_from_the_shelf(steps: list[str]) -> None:
    shelf, now = Shelf(), _new()
    seen: list[OpenPair] = [now]
    for step in steps:
        if step == "put":
            shelf, now = shelf.put(now), _new()
            seen.append(now)
            assert not shelf.after
            continue
        found = shelf.back(now) if step == "back" else shelf.forth(now)
        if found is None:
            assert not (shelf.before if step == "back" else shelf.after)
            continue
        before = (shelf, now)
        shelf, now = found
        again = shelf.forth(now) if step == "back" else shelf.back(now)
        assert again == before
    assert {id(kept[1]) for kept in (*shelf.all, now)} == {id(kept[1]) for kept in seen}


def _new(id_: str | None = None) -> OpenPair:
    recorder = NoRecorder()
    recorder.id = id_
    return Conversation(), recorder


def test_no_recorder_keeps_nothing_and_says_why() -> None:
    recorder = NoRecorder("the disk is full")
    assert (recorder.flush(), NoRecorder().flush()) == (False, True)
    turn = Turn(TurnId("1"), None, ())
    recorder.begin(turn)
    recorder.delta(turn.id, "text", "text")
    recorder.finish(turn)
    recorder.state(Conversation())

    assert recorder.id is None
    assert recorder.unsaved == "the disk is full"


def test_one_that_is_opened_again_is_taken_off_the_shelf() -> None:
    one, other, third = _new(), _new("other"), _new("third")
    shelf = Shelf((one, other), (third,))

    assert (shelf.of("other"), shelf.of("third"), shelf.of("else")) == (other, third, None)
    assert shelf.without("other") == Shelf((one,), (third,))
    assert shelf.without("third") == Shelf((one, other), ())
    assert shelf.without("else") == shelf


def test_every_edge_but_clock_and_ids_may_be_left_out() -> None:
    edges = Edges(lambda: 1.0, lambda: "id")

    assert edges.price("m", Usage(), 0.0) is None
    assert edges.rates("m", 5) is None
    assert edges.can_count()
    assert edges.count("word") == rough_count("word") > 0
    assert edges.new_recorder().id is None
    assert "--doctor" in edges.examine(Settings(), False)
    edges.learn("m", {"prefill": False})
    edges.keep_scales({})
    assert edges.scales() == {}
