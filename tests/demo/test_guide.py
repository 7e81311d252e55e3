import re

from chatrepl.demo.command import CLAUSES, STOPS, PrefillBehaviour, find_plan
from chatrepl.demo.faults import STREAM_FAULTS
from chatrepl.demo.guide import HELP
from chatrepl.demo.wire import ERROR_TYPES


def test_everything_that_can_be_asked_for_is_in_the_guide() -> None:
    for name in (*CLAUSES, *STOPS, *STREAM_FAULTS, *PrefillBehaviour):
        assert re.search(rf"[`: ]{name}[` ]", HELP), name
    for status in set(ERROR_TYPES) - {405}:
        assert str(status) in HELP


def test_every_line_of_the_guide_is_understood() -> None:
    lines = re.findall(r"`(demo: [^`]+)`", HELP)
    assert len(lines) > 20
    for line in lines:
        if not re.search(
            r"[A-Z]{3,}|…", line.replace("TEXT", "").replace("WORDS", "").replace("URL", "")
        ):
            assert not find_plan(line).unknown, line
