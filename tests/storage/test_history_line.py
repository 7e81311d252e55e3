import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.talk.conversation import Conversation, State, TurnId
from chatrepl.core.tools import McpServer
from chatrepl.storage.history_line import HistoryLine
from chatrepl.storage.records import DamagedError, line, loads
from tests.storage.strategies import histories


@settings(max_examples=60, deadline=None)
@given(histories(6), st.data())
def test_a_change_leads_from_any_line_to_any_other(
    history: list[Conversation], data: st.DataObject
) -> None:
    before, after = (data.draw(st.sampled_from(history)) for _ in range(2))
    at, wanted = HistoryLine.of(before), HistoryLine.of(after)
    change = at.change(wanted)
    if change is None:
        assert (at.states, at.at) == (wanted.states, wanted.at)
        return
    at.apply(loads(line(change)))
    assert (at.states, at.at) == (wanted.states, wanted.at)


def test_going_on_writes_one_step() -> None:
    start = Conversation().then(State(system="a" * 1_000))
    later = start.then(State(system="a" * 1_000, next_system="b"))
    change = HistoryLine.of(start).change(HistoryLine.of(later))
    assert change == {
        "t": "state",
        "keep": 2,
        "steps": [{"head": None, "next_system": "b"}],
        "at": 2,
    }


def test_of_what_prints_a_token_no_more_is_written_than_that_there_is_one() -> None:
    server = McpServer("mail", url="https://a.example", token_command=("pass", "s3cret"))
    start = Conversation().then(State(servers={"mail": server}))
    change = HistoryLine.of(Conversation()).change(HistoryLine.of(start))
    assert change is not None
    record = {"name": "mail", "url": "https://a.example", "token": True}
    assert change["steps"] == [{"head": None, "servers": [record]}]
    assert "s3cret" not in str(change)


@pytest.mark.parametrize(
    "servers",
    [3, ["mail"], [{}], [{"name": "a", "url": 3}], [{"name": "a", "url": "u", "deny": 3}]],
)
def test_damaged_servers_cost_their_record(servers: object) -> None:
    at = HistoryLine()
    with pytest.raises(DamagedError):
        at.apply({"keep": 1, "steps": [{"head": None, "servers": servers}], "at": 1})
    assert at.states == [State()]


def test_undo_and_redo_write_no_step() -> None:
    start = Conversation().then(State(system="a"))
    change = HistoryLine.of(start).change(HistoryLine.of(start.undo()))
    assert change == {"t": "state", "keep": 2, "steps": [], "at": 0}
    change = HistoryLine.of(start.undo()).change(HistoryLine.of(start))
    assert change == {"t": "state", "keep": 2, "steps": [], "at": 1}


def test_a_lost_record_leaves_places_on_the_line_as_they_were() -> None:
    at = HistoryLine()
    at.apply({"keep": 3, "steps": [{"head": None, "system": "x"}], "at": 3})
    assert [state.system for state in at.states] == ["", "", "", "x"]
    assert at.state.system == "x"


def test_what_refers_to_lost_turns_is_left_out() -> None:
    known, lost = TurnId("known"), TurnId("lost")
    marks = {known: "pinned", lost: "dropped"}
    step = {"head": "lost", "marks": marks, "branches": {"a": "lost", "b": None}}
    step |= {"summary": {"covers": ["lost"], "text": "x"}}
    at = HistoryLine()
    at.apply({"keep": 1, "steps": [{"head": "known"}, step], "at": 2})
    from chatrepl.core.talk.conversation import Turn

    state = at.conversation({known: Turn(known, None, ())}).state
    assert state == State(known, marks={known: "pinned"}, branches={"b": None})


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep": -1},
        {"keep": "1"},
        {"keep": 10**9},
        {"at": None},
        {"steps": None},
        {"steps": [5]},
        {"steps": [{"head": 5}]},
        {"steps": [{"head": None, "marks": {"a": "odd"}}]},
        {"steps": [{"head": None, "marks": {"a": ["pinned"]}}]},
        {"steps": [{"head": None, "branches": []}]},
        {"steps": [{"head": None, "gone": "x"}]},
        {"steps": [{"head": None, "summary": {"covers": 1}}]},
        {"steps": [{"head": None, "system": None}]},
    ],
)
def test_a_damaged_change_changes_nothing(wrong: dict[str, object]) -> None:
    at = HistoryLine()
    with pytest.raises(DamagedError):
        at.apply({"keep": 1, "steps": [], "at": 0, **wrong})
    assert (at.states, at.at) == ([State()], 0)
