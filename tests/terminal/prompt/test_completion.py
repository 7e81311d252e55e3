"""Candidates for prompt_toolkit."""

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from chatrepl.terminal.prompt.line_editor import CandidateCompleter, completes_by_itself
from chatrepl.terminal.prompt.values import Candidate


def test_a_candidate_replaces_from_its_start_to_the_cursor_and_is_shown_safely() -> None:
    def complete(text: str, cursor: int) -> list[Candidate]:
        assert (text, cursor) == ("see @no rest", 7)
        return [Candidate(5, "notes\x1b.md", meta="a\nfile")]

    document = Document("see @no rest", 7)
    found = list(CandidateCompleter(complete).get_completions(document, CompleteEvent()))
    assert [(one.text, one.start_position) for one in found] == [("notes\x1b.md", -2)]
    assert found[0].display_text == "notes^[.md"
    assert found[0].display_meta_text == "a^Jfile"


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("/mo", True), ("/model opus", True), ("//x", False), ("hello /mo", False),
        ("/a\nb", False), ("", False),
        ("see @no", True), ("a@b", False), ("see @no more", False),
        ("x\n@", True), ("x" * 300 + " @", True),
    ],
)  # fmt: skip
def test_the_menu_opens_by_itself_for_commands_and_paths(text: str, opens: bool) -> None:
    assert completes_by_itself(text, len(text)) is opens
    assert completes_by_itself(text + " tail", len(text)) is opens
