"""When glyphs beyond ASCII are drawn."""

import io
import subprocess
import sys

import pytest

from chatrepl.terminal.modes import speaks_utf8


@pytest.mark.parametrize(
    ("encoding", "environ", "expected"),
    [
        ("utf-8", {"LANG": "de_DE.UTF-8"}, True),
        ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ("utf-8", {"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ("latin-1", {"LANG": "de_DE.UTF-8"}, False),
    ],
)
def test_glyphs_need_a_stream_and_a_terminal_that_know_them(
    encoding: str, environ: dict[str, str], expected: bool
) -> None:
    assert speaks_utf8(io.TextIOWrapper(io.BytesIO(), encoding), environ) is expected


def test_asking_costs_no_library() -> None:
    program = "import sys; sys.path.insert(0, '.'); import chatrepl.terminal.modes"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"{program}; print('dataclasses' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"
