from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from chatrepl.cli.assemble import _settings
from chatrepl.cli.options import FLAGS, Flag, Options
from chatrepl.cli.start import run
from chatrepl.core.errors import ChatreplError, UsageError
from tests.cli.given import settle


def test_no_spelling_means_two_options_and_groups_stand_together() -> None:
    spellings = [name for flag in FLAGS.values() for name in flag.names]
    groups = [group for group, _ in groupby(flag.group for flag in FLAGS.values())]

    assert len(spellings) == len(set(spellings))
    assert len(groups) == len(set(groups))


@pytest.mark.parametrize(
    "options",
    [
        Options(save="x", no_save=True),
        Options(schema="{}", choose="a,b"),
        Options(extract="", choose="a,b"),
        Options(extract="py", interactive=True),
        Options(continue_=True, resume="x"),
        Options(json=True, output="jsonl"),
        Options(interactive=True, json=True),
    ],
)
def test_contradictions_are_refused(options: Options) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        options.check()


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("template", "The NAME of --template"),
        ("resume", "The ID of --resume"),
        ("config", "The FILE of --config"),
        ("out", "The FILE of --out"),
        ("tool", "The NAME of --tool"),
        ("mcp", "The NAME of --mcp"),
        ("each_file", "The GLOB of --each-file"),
    ],
)
def test_a_name_without_a_letter_is_no_name(name: str, words: str, blank: str) -> None:
    is_list = isinstance(getattr(Options(), name), list)
    given: dict[str, Any] = {name: ["good", blank] if is_list else blank}
    with pytest.raises(UsageError, match=f"^{words} is empty"):
        replace(Options(), **given).check()


def test_what_goes_together_passes() -> None:
    options = Options(schema="{}", prefill="{", json=True, save="x", continue_=True)
    options.check()

    assert (options.manner, options.keeps) == ("json", True)
    assert (Options().manner, Options().keeps) == ("text", False)


@pytest.mark.parametrize(
    "options", [Options(live=True), Options(by="day"), Options(aside="x"), Options(search=" ")]
)
def test_what_would_be_passed_over_is_refused(options: Options) -> None:
    with pytest.raises(UsageError, match=r"goes with|takes the text"):
        options.check()


@pytest.mark.parametrize("flag", [f for f in FLAGS.values() if f.kind == "number"])
@pytest.mark.parametrize("number", ["-1", "-999999999999", "1" * 30])
def test_no_number_is_a_bug(
    flag: Flag, number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path)
    with pytest.raises(ChatreplError) as refused:
        run([flag.names[0], number, "--demo", "--each", "--input", "/none", "hello"])
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("said", "names"),
    [("opus", "opus"), ("opus,", "opus"), (" opus ,", "opus"), (",", ""), ("", ""), (None, None)],
)
def test_a_list_of_one_model_is_that_model(said: str | None, names: str | None) -> None:
    assert _settings(Options(model=said))["model"] == names


@pytest.mark.parametrize("text", ["", " "])
@pytest.mark.parametrize("key", [k for k, f in FLAGS.items() if f.kind in {"text", "many"}])
def test_what_an_unset_variable_leaves_empty_is_refused_by_name(
    key: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path)
    monkeypatch.setattr("chatrepl.cli.stdin.is_keyboard", lambda: True)
    if key in {"system", "prefill", "extract", "local", "base_url"}:
        replace(Options(), **{key: text}).check()  # type: ignore[arg-type]
        return
    with pytest.raises(ChatreplError) as refused:
        run([f"{FLAGS[key].names[-1]}={text}", "--demo", "hello"])
    assert refused.value.exit_code == 2
    assert any(name in refused.value.message for name in FLAGS[key].names)


@pytest.mark.parametrize("flag", [f for f in FLAGS.values() if f.kind == "number"])
@pytest.mark.parametrize("text", ["", "nan", "1.5", "1e3", "٣", "a few", "0x10", "1" * 30 + "x"])
def test_what_is_no_whole_number_is_refused_by_name(
    flag: Flag, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path)
    with pytest.raises(UsageError) as refused:
        run([f"{flag.names[-1]}={text}", "--demo", "hello"])
    assert flag.names[-1] in refused.value.message


@pytest.mark.parametrize("option", ["-a", "--schema", "--input", "--config", "--each-file", "-s"])
@pytest.mark.parametrize("named", ["/dev/zero", "/none/x", ".", "spoilt"])
def test_what_is_no_file_to_be_read_is_refused_by_its_name(
    option: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spoilt").write_bytes(b"\x7fELF\xff\xfe\x00\x01" * 99)
    if (option, named) in {
        ("--each-file", "/dev/zero"),
        ("--each-file", "spoilt"),
        ("--input", "spoilt"),
    }:
        return  # an item that fails, or a text that is none: told in other tests
    monkeypatch.setattr("chatrepl.cli.stdin.is_keyboard", lambda: True)
    with pytest.raises(ChatreplError) as refused:
        run([option, f"@{named}" if option == "-s" else named, "--demo", "hello"])
    assert refused.value.exit_code == 2
    assert named in refused.value.message
