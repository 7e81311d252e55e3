"""Typed bytes as key presses."""

from chatrepl.terminal.prompt.line_editor import parse_keys


def test_keys_and_pastes_are_told_apart() -> None:
    keys = parse_keys(b"a\x1b[A\r\x1b[200~p\r\nq\x1b[201~" + "é".encode())
    assert [(str(key.key), key.data) for key in keys] == [
        ("a", "a"),
        ("Keys.Up", "\x1b[A"),
        ("Keys.ControlM", "\r"),
        ("Keys.BracketedPaste", "p\r\nq"),
        ("é", "é"),
    ]


def test_half_a_sequence_is_not_lost() -> None:
    assert [key.data for key in parse_keys(b"\x1b[")] == ["\x1b", "["]
    assert parse_keys(b"") == []
