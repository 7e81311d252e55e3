import pytest

from chatrepl.cli.help import help_page
from chatrepl.cli.options import FLAGS


@pytest.mark.parametrize("columns", [1, 40, 60, 80, 200])
def test_help_tells_every_option_and_exit_code_and_fits(columns: int) -> None:
    page = help_page(columns)
    words = " ".join(page.split())

    assert [flag for flag in FLAGS.values() if flag.usage not in words] == []
    assert [flag for flag in FLAGS.values() if flag.about not in words] == []
    assert "130, 143 Ctrl-C, SIGTERM" in words
    if columns >= 40:
        assert max(map(len, page.splitlines())) <= min(columns, 80)


def test_help_goes_by_groups_with_examples_at_their_end() -> None:
    titles = [line for line in help_page(80).splitlines() if line.endswith(":")]

    assert titles[0] == "The message:"
    assert titles[-2:] == ["Examples:", "Exit codes:"]


def test_an_explanation_stands_beside_its_option_or_beneath() -> None:
    assert "\n  --demo               Talk to the embedded offline engine.\n" in help_page(80)
    assert "\n  --demo\n      Talk to the embedded offline\n      engine.\n" in help_page(40)
