"""`-T NAME`: what a command line comes to that names a command of one's own."""

from dataclasses import replace
from pathlib import Path

import pytest

from chatrepl.cli.assemble import assemble
from chatrepl.cli.command_line import read
from chatrepl.cli.message import form_of
from chatrepl.cli.offers import offer
from chatrepl.cli.options import Options
from chatrepl.cli.own import with_own
from chatrepl.cli.own_places import AGREED_FILE, own_folders
from chatrepl.config.load import Config
from chatrepl.core.errors import UsageError
from chatrepl.core.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with folders of its own, and a folder to work in."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"CHATREPL_{kind}_DIR", str(tmp_path / kind.lower()))
    return tmp_path


def write(home: Path, name: str, text: str, folder: str = "config/commands") -> None:
    path = Path(home, folder, f"{name}.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def meant(line: str) -> Options:
    """Give what a command line comes to; its words are parted by blanks."""
    options = read(["-T", "x", *line.split()])
    assert options is not None
    return with_own(options, "x")


FULL = "---\nmodel: haiku\neffort: low\nsystem: Be x.\nprefill: 'A '\nchoose: [a, b]\n---\nSay $1"


def test_a_command_fills_in_what_the_command_line_does_not_say(home: Path) -> None:
    write(home, "x", FULL)
    options = meant("hello there")

    assert options == replace(
        Options(),
        template="x",
        prompt=["Say hello\n\nthere"],
        model="haiku",
        model_place=f"{home}/config/commands/x.md:2",
        set_=["effort=low"],
        system="Be x.",
        prefill="A ",
        choose='["a","b"]',
    )


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("-m opus", "model", "opus"),
        ("--set model=opus", "model", None),
        ("-s other", "system", "other"),
        ("-p other", "prefill", "other"),
        ("--schema a.json", "choose", None),
        ("--rows a", "choose", None),
        ("-x py", "choose", None),
        ("--choose c,d", "choose", "c,d"),
        ("--set effort=high", "set_", ["effort=low", "effort=high"]),
        ("-a mine.txt", "attach", ["mine.txt"]),
    ],
)
def test_the_command_line_has_the_last_word(line: str, key: str, value: object, home: Path) -> None:
    write(home, "x", FULL)

    assert getattr(meant(f"hello {line}"), key) == value


def test_a_choice_of_a_command_may_hold_a_comma(home: Path) -> None:
    write(home, "x", "---\nchoose: ['one, two', three]\n---\nSay")
    form = form_of(meant(""))
    assert form is not None
    assert form.choices == ("one, two", "three")


def test_files_are_found_beside_the_command_and_those_that_its_text_mentions(home: Path) -> None:
    here, beside = home / "here", home / "config" / "commands"
    write(
        home,
        "x",
        "---\nattach: [a.txt, b.txt]\nsystem: '@s.txt'\nschema: f.json\n---\n@$1 @c.txt $2",
    )
    for path in (beside / "a.txt", beside / "s.txt", beside / "f.json", here / "b.txt",
                 here / "c.txt", here / "d.txt", here / "e.txt"):  # fmt: skip
        path.write_text("{}")
    options = meant("d.txt @e.txt -a z.txt")

    assert options.attach == ["z.txt", str(beside / "a.txt"), "b.txt", "d.txt", "c.txt"]
    assert options.system == f"@{beside / 's.txt'}"
    assert options.schema == str(beside / "f.json")
    assert options.prompt == ["@d.txt @c.txt @e.txt"]


def test_a_file_that_is_not_there_is_said_and_stays_text(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home, "x", "---\nallowed-tools: Bash\n---\nRead @src/gone.py and !`ls`")

    assert meant("").attach == []
    said = capsys.readouterr().err
    assert "no file src/gone.py" in said
    assert "allowed-tools has no meaning here" in said
    assert "no command of it is run" in said
    meant("-q")
    assert capsys.readouterr().err == ""


def test_what_goes_with_many_questions_goes_with_a_command_that_asks_them(home: Path) -> None:
    write(home, "x", "---\neach: true\nrows: a\n---\nQ {}")
    write(home, "one", "Q")
    for option in (
        "--out o", "--state s", "--null", "-j 2", "--retry-failed", "--expect a", "--with-input",
        "--batch", "--batch --no-wait", "--expect a --at-least 1",
    ):  # fmt: skip
        given = read(["-T", "x", *option.split()])
        assert given is not None
        given.check()
        assert with_own(given, "x").asks_many
        with pytest.raises(UsageError, match="goes with"):
            with_own(given, "one")


@pytest.mark.parametrize(
    ("each", "key", "value"),
    [
        ("true", "each", True),
        ("items.csv", "input_", "items.csv"),
        ("*.png", "each_file", ["*.png"]),
    ],
)
def test_a_command_may_ask_about_many(each: str, key: str, value: object, home: Path) -> None:
    (home / "here" / "items.csv").write_text("name\nAda\n")
    write(home, "x", f"---\neach: {each}\nrows: name, age int\n---\nWho is {{}}?")
    options = meant("")

    assert getattr(options, key) == value
    assert (options.rows, options.asks_many) == ("name, age int", True)
    assert meant("--input other.csv").input_ == "other.csv"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\neach: true\n---\n{{stdin}}", "", "standard input holds the items"),
        ("---\neach: true\n---\n{}", "-i", "exclude each other"),
        ("---\nmodel: x", "", ""),
        ("---\neffort: huge\n---\n", "", "effort is one of"),
    ],
)
def test_what_does_not_go_together_is_refused(text: str, line: str, words: str, home: Path) -> None:
    write(home, "x", text)
    if not words:
        assert meant(line).prompt == ["---\nmodel: x"]
        return
    with pytest.raises(UsageError, match=words):
        meant(line)


def test_a_name_that_is_none_is_answered_with_the_nearest(home: Path) -> None:
    write(home, "review", "x")
    with pytest.raises(UsageError) as refused:
        with_own(Options(), "revew")
    assert refused.value.hint == "Did you mean review?"
    with pytest.raises(UsageError) as refused:
        with_own(Options(), "zzz")
    assert "folder commands" in refused.value.hint
    assert with_own(Options(), "/review").prompt == ["x"]


def test_the_commands_of_a_folder_count_in_a_pipe_once_they_were_agreed_to(home: Path) -> None:
    write(home, "x", "Say $1", "here/.chatrepl/commands")
    with pytest.raises(UsageError, match="not agreed to"):
        meant("hello")
    own_folders(save=True).agree()

    assert meant("hello").prompt == ["Say hello"]
    assert (home / "state" / AGREED_FILE).exists()
    write(home, "x", "Say it all: $1", "here/.chatrepl/commands")
    with pytest.raises(UsageError, match="not agreed to"):
        meant("hello")


def test_what_is_agreed_to_is_not_kept_where_nothing_is(home: Path) -> None:
    write(home, "x", "Say $1", "here/.chatrepl/commands")
    source = own_folders(save=False)
    source.agree()

    assert source.names() == ("x",)
    assert not (home / "state").exists()
    assert own_folders(save=False).names() == ()
    (home / "state").mkdir()
    (home / "state" / AGREED_FILE).write_text('{"commands": 3}')
    assert own_folders(save=False).names() == ()


def test_a_folders_command_sends_no_file_that_nobody_sends_lightly(home: Path) -> None:
    (home / "here" / ".env").write_text("x")
    write(home, "x", "Look at @.env", "here/.chatrepl/commands")
    own_folders(save=True).agree()
    with pytest.raises(UsageError, match=r"would send .*named like a key"):
        meant("")
    write(home, "x", "---\nsystem: '@.env'\n---\nx", "here/.chatrepl/commands")
    own_folders(save=True).agree()
    with pytest.raises(UsageError, match="would send"):
        meant("")
    write(home, "x", "Look at @.env")
    assert meant("").attach == [".env"]


@pytest.mark.parametrize(
    "head",
    ["attach: {}", "system: '@{}'", "schema: {}", "each: {}", "each: {}*", "model: haiku"],
)
@pytest.mark.parametrize(
    "name", ["~/plan.json", "../plan.json", "file://{}/plan.json", "{}/plan.json"]
)
def test_a_folders_command_sends_nothing_from_elsewhere_however_it_is_named(
    head: str, name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(home))
    (home / "plan.json").write_text('{"type": "object"}')
    line = head.format(name.format(home))
    text = f"---\n{line}\n---\nx" if "{}" in head else f"Look at @{name.format(home)} now"
    write(home, "x", text, "here/.chatrepl/commands")
    own_folders(save=True).agree()
    if "file:" in name and ("each" in head or "@" in text):
        return  # there it is no name of a file
    with pytest.raises(UsageError, match=r"would send .*outside this folder"):
        meant("")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("effort: all", "effort is one of"),
        ("rows: a blah", "'blah' is no type"),
        ("schema: gone.json", "gone.json: there is no such file"),
        ("schema: '{'", "schema is not valid JSON"),
        ("choose: [a]", "choose takes at least two"),
        ("attach: [gone.txt]", "gone.txt cannot be attached"),
        ("system: '@gone.txt'", "gone.txt: there is no such file"),
        ("each: gone.csv", "each names no file: gone.csv"),
    ],
)
def test_what_is_wrong_in_the_file_of_a_command_names_the_file_and_the_line(
    head: str, words: str, home: Path
) -> None:
    write(home, "x", f"---\ndescription: y\n{head}\n---\nz")
    with pytest.raises(UsageError) as refused:
        meant("")
    assert refused.value.message.startswith(f"{home}/config/commands/x.md:3: ")
    assert words in refused.value.message
    assert refused.value.hint.startswith("Nothing was sent.")


def test_a_model_that_is_none_is_sought_where_the_file_names_it(home: Path) -> None:
    write(home, "x", "---\ndescription: y\nmodel: sonet-9x\n---\nz")
    loaded = Config(Settings(model="sonet-9x"), {}, None)
    with pytest.raises(UsageError, match=r"^.*x\.md:3: There is no model sonet-9x\."):
        assemble(meant(""), loaded, interactive=False)
    with pytest.raises(UsageError, match=r"^There is no model sonet-9x\."):
        assemble(Options(), loaded, interactive=False)


def test_a_shell_completes_the_names(home: Path) -> None:
    write(home, "review", "---\ndescription: Look at it\n---\nx")
    complete = offer("template")
    assert complete is not None

    assert complete(type("Context", (), {"params": {}}), "re") == [("review", "Look at it")]
