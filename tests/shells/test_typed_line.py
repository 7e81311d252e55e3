"""A line that begins like a path is a message only where its writer says so."""

import pytest

from chatrepl.shells.typed_line import is_command

_WHOLE = "/etc/" + "x" * 200


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("/etc/hosts", "/etc/hosts is no command."),
        ("/var/log/x.log what\nis in\nit", "/var/log/x.log … is no command."),
        (_WHOLE, f"{_WHOLE[:60]} … is no command."),
        ("/dev is what?", "/dev … is no command."),
    ],
)
def test_what_is_rather_a_path_is_asked_about_by_its_beginning(text: str, asked: str) -> None:
    questions: list[str] = []

    def agree(question: str) -> bool:
        questions.append(question)
        return True

    assert not is_command(text, agree)
    assert questions == [f"{asked} y: send as a message · N: back to the prompt"]
    assert is_command("/undo 2", agree)
    assert is_command("/dev is my own", agree, {"dev"}.__contains__)
    assert len(questions) == 1
