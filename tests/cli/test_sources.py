"""Where items come from: what is read of a file, whatever it is written in."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chatrepl.cli import sources
from chatrepl.cli.options import Options
from chatrepl.cli.sources import source_of
from chatrepl.core.errors import UsageError

WEST, EAST = ["Müller", "Zoë", "naïve"], ["Щука", "Ёлка", "Чайная"]


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the files that are open until the program ends."""
    opened = sources._opened
    with ExitStack() as stack:
        monkeypatch.setattr(sources, "_opened", lambda path: stack.enter_context(opened(path)))
        yield


@pytest.mark.parametrize(
    ("encoding", "names", "told"),
    [
        ("utf-8", WEST, ""),
        ("utf-8-sig", EAST, ""),
        ("latin-1", WEST, "Windows-1252"),
        ("utf-16", EAST, ""),
        ("utf-16-le", WEST, ""),
        ("utf-32", EAST, ""),
        ("koi8_r", EAST, "KOI8-R"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_items_keep_their_letters_whatever_they_are_written_in(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    encoding: str,
    names: list[str],
    told: str,
    end: str,
) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(end.join(["name", *names * 9000]).encode(encoding))
    source = source_of(Options(input_=str(path)), named=True, twice=False)

    for _ in range(2):
        assert [item.value for item in source.read()] == [{"name": name} for name in names * 9000]

    words = f"chatrepl: the items are not UTF-8, read as {told}.\n" if told else ""
    assert capsys.readouterr().err == words


def test_a_few_damaged_bytes_of_a_text_in_utf_8_stay_few(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes("\n".join(WEST * 9).encode() + b"\nM\xfcller")
    items = list(source_of(Options(input_=str(path)), named=False, twice=False).read())
    assert [item.value for item in items] == [*WEST * 9, "M\ufffdller"]


@pytest.mark.parametrize("sizes", [(5,), (3, 40), (40, 0, 7), (40, 41, 10), (1, 39, 1, 200, 100)])
@pytest.mark.parametrize("objects", [False, True])
@pytest.mark.parametrize("piece", [1, 7, 30])
def test_an_item_that_is_larger_than_any_request_is_at_fault_alone_and_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...], piece: int, *,
    objects: bool,
) -> None:  # fmt: skip
    for name, value in (("_LONGEST", 39), ("_BEGINNING", 9), ("_PIECE", piece)):
        monkeypatch.setattr(sources, name, value)
    path = tmp_path / "items"
    lines = [
        f'"{"ä" * ((size - 2) // 2)}{"x" * (size % 2)}"' if size > 1 else "1" * size
        for size in sizes
    ]
    path.write_text("\n".join(lines))
    given = [line for line in lines if line]
    items = list(source_of(Options(input_=str(path)), named=objects, twice=False).read())
    assert [item.number for item in items] == list(range(len(given)))
    for item, line in zip(items, given, strict=True):
        if len(line.encode()) > 39:
            assert item.fault == f"Item {item.number + 1} is larger than 32 MB."
            assert 0 < len(item.text) <= 9
            assert line.startswith(item.text)
        else:
            assert (item.fault, item.value) == ("", json.loads(line) if objects else line)


def test_a_row_that_is_larger_than_any_request_stops_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_LONGEST", 39)
    path = tmp_path / "items.csv"
    monkeypatch.setattr(sources, "_PIECE", 16)
    path.write_text(f'a,b\n1,2\n3,"{"x" * 4000}\n"\n')
    with pytest.raises(UsageError, match="A row of the table is larger than 32 MB"):
        list(source_of(Options(input_=str(path)), named=True, twice=False).read())


def test_nul_may_part_items_that_hold_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_bytes(b"a\nb\0c\0")
    options = Options(input_=str(path), null=True)
    read = source_of(options, named=False, twice=False).read
    assert [item.value for item in read()] == ["a\nb", "c"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x89PNG\r\n\x1a\n\n\n", "PNG"),
        (b"%PDF-1.7\nx", "PDF"),
        (b"PK\3\4x", "a ZIP archive"),
        (b"\x7fELF\2\n", "a program"),
        (bytes(range(256)), "binary data of an unknown kind"),
    ],
)
@pytest.mark.parametrize("null", [True, False])
def test_what_is_no_text_has_no_items(tmp_path: Path, data: bytes, name: str, null: bool) -> None:
    path = tmp_path / "names"
    path.write_bytes(data)
    options = Options(input_=str(path), null=null)
    with pytest.raises(UsageError, match=f"this is {name}"):
        list(source_of(options, named=False, twice=False).read())


def test_what_a_command_writes_is_none_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt", "o.txt", "o.txt.state", "s"):
        (tmp_path / name).write_text("x")

    def read(**options: str) -> list[object]:
        asked = Options(each_file=["*"], **options)  # type: ignore[arg-type]
        return [item.value for item in source_of(asked, named=False, twice=False).read()]

    assert read() == ["a.txt", "b.txt", "o.txt", "o.txt.state", "s"]
    assert read(out="o.txt") == ["a.txt", "b.txt", "s"]
    assert read(state="./s") == ["a.txt", "b.txt", "o.txt", "o.txt.state"]


def test_the_file_of_the_items_is_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "i.txt").write_text("a\n")
    (tmp_path / "link").symlink_to("i.txt")
    for name in ("i.txt", "./i.txt", "link"):
        for options in (Options(input_="i.txt", out=name), Options(input_="i.txt", state=name)):
            with pytest.raises(UsageError, match=r"i\.txt holds the items"):
                source_of(options, named=False, twice=False)
    assert (tmp_path / "i.txt").read_text() == "a\n"
