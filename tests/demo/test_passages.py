"""The engine quotes what of a text bears on a question; it understands nothing."""

import pytest

from chatrepl.demo.passages import passages

TEXT = (
    "| `/image PATH` | attaches files |\nThe sky is blue.\n\nAttachments stand by name.\nThe end.\n"
)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("How do I attach a file?", "Attachments stand by name."),
        ("Tell me of the files", "| `/image PATH` | attaches files |"),
        ("Of the sky it says\n\nwhat of names and attachments?", "Attachments stand by name."),
    ],
)
def test_the_line_that_shares_most_comes_first(asked: str, first: str) -> None:
    assert first in passages([TEXT], asked)[:2]


@pytest.mark.parametrize("asked", ["", "why?", "a b c", "quantum chromodynamics"])
def test_what_shares_nothing_is_not_quoted(asked: str) -> None:
    assert passages([TEXT], asked) == []


def test_it_quotes_little() -> None:
    many = "\n".join(f"attachment {number} {'x' * 9999}" for number in range(99))
    quoted = passages([many, ""], "attachments")

    assert len(quoted) <= 5
    assert max(map(len, quoted)) <= 400
