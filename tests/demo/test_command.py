import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.demo.command import CLAUSES, DemoPlan, PrefillBehaviour, find_plan, parse_plan


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("error 529 x2", {"error": 529, "times": 2}),
        ("error 429 retry-after 3", {"error": 429, "retry_after": ("s", "3")}),
        ("error 429 retry-after ms 5", {"retry_after": ("ms", "5.0")}),
        ("error 429 retry-after absurd x1", {"retry_after": ("absurd", ""), "times": 1}),
        ("error 429 spend", {"spend_limit": True}),
        ("error refused", {"fault": "refused", "error": 0}),
        ("stream torn after 9 x1", {"fault": "torn", "after": 9, "times": 1}),
        ("stop refusal cyber", {"stop": "refusal", "category": "cyber"}),
        ("stop pause_turn x3", {"stop": "pause_turn", "pauses": 3}),
        ("slow 3", {"slow": 3.0}),
        ("speed 0", {"speed": 0.0}),
        ("slow 1; pace 5; say a; b", {"slow": 1.0, "pace": 5.0, "argument": "a", "unknown": "b"}),
        ("say a; b", {"topic": "say", "argument": "a; b"}),
        (r'say "a\nb"', {"argument": "a\nb"}),
        ("count to 40", {"topic": "count", "argument": "40"}),
        ("long 20,000", {"topic": "long", "argument": "20000"}),
        ("prefill omit", {"prefill": PrefillBehaviour.OMIT}),
        ("overlap 3", {"overlap": 3}),
        ("Echo-Request", {"topic": "echo-request"}),
        ("search for cats", {"topic": "search", "argument": "for cats"}),
        ("search a; caller none", {"argument": "a", "caller": "none"}),
        ("mcp a; tool-error lost", {"topic": "mcp", "tool_error": "lost"}),
        ("code", {"topic": "code", "argument": "python"}),
        ("code bash", {"topic": "code", "argument": "bash"}),
        ("show upload", {"topic": "show", "argument": "upload"}),
    ],
)
def test_a_line_becomes_a_plan(line: str, fields: dict[str, object]) -> None:
    plan = parse_plan(line)
    assert {name: getattr(plan, name) for name in fields} == fields


@pytest.mark.parametrize(
    "line",
    [
        "dance",
        "error",
        "error 418",
        "error x",
        "error 529 twice",
        "error 429 retry-after",
        "stream sideways",
        "stream torn after",
        "stop never",
        "slow",
        "slow -1",
        "count to zero",
        "long 0",
        "prefill odd",
        "caller nobody",
        "tool-error not a code",
        "code dance",
        "show me",
        'say "\\x"',
    ],
)
def test_what_means_nothing_is_told(line: str) -> None:
    assert parse_plan(line).unknown == line


@given(st.text())
def test_any_text_has_a_plan(text: str) -> None:
    find_plan(text)
    parse_plan(text)
    if re.search("demo:", text, re.IGNORECASE) is None:
        assert find_plan(text) == DemoPlan()


def test_the_line_may_stand_anywhere_in_a_message() -> None:
    plan = find_plan("Please show me.\n  DEMO: error 500\nThank you.\ndemo: slow 2")
    assert (plan.error, plan.slow) == (500, 2.0)
    assert find_plan("what is a demo: error 500") == DemoPlan()
    assert "error" in CLAUSES
