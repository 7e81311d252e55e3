import pytest

from chatrepl.cli.app import parse
from chatrepl.cli.options import FLAGS, Options
from chatrepl.core.errors import UsageError


def test_everything_can_be_said_at_once() -> None:
    found = parse(["-qvm", "opus", "-t5", "--image", "a.png", "-a", "b.pdf", "--set=a=b", "hi"])

    assert found == Options(
        prompt=["hi"],
        model="opus",
        max_tokens=5,
        attach=["a.png", "b.pdf"],
        set_=["a=b"],
        quiet=True,
        verbose=True,
    )


@pytest.mark.parametrize("argv", [["--nonesuch"], ["-o", "yaml"], ["-t", "many"], ["-m"]])
def test_mistakes_are_said_in_a_sentence(argv: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        parse(argv)

    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert "Input" not in caught.value.message


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert parse(["--help"]) == 0

    shown = capsys.readouterr().out
    assert [flag for flag in FLAGS if flag.startswith("--") and flag not in shown] == []
    assert "--install-completion" in shown
