"""Break the code in small ways, one at a time, and see which breakage no test of its room notices.

    python -m tests.mutants [--count N] [--seed N] [ROOM…]

A ROOM is a folder of chatrepl, a module, or one line of it: `core/talk`, `api/sse.py`,
`api/sse.py:23`; without any, all of core, api, storage, commands and session. A mutant of a module
meets only the tests in the folder that mirrors the module's own, in a copy of the tree. What
survives is printed with its place; a test in that folder should tell it from the original, unless
both do the same.
"""

import argparse
import ast
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("core", "api", "storage", "commands", "session")
_COPIED = ("chatrepl", "tests", "pyproject.toml", "README.md", "config.example.toml")
_DEADLINE_S, _TIMES_LONGER = 10.0, 5
_MOST_MEMORY_BYTES = 4 << 30  # a mutant that never stops may also collect for ever

_COMPARED = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
}
_COMPUTED = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"),
}


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes of `path` from `start` to `end` become `new`."""

    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.path}:{self.line}: {old}  →  {new}"

    def applied(self, source: bytes) -> bytes:
        """Return the changed module."""
        return source[: self.start] + self.new.encode() + source[self.end :]


class _Maker:
    """Finds all mutants of one module."""

    def __init__(self, path: str, source: bytes) -> None:
        self._path, self._source = path, source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def mutants(self) -> list[Mutant]:
        """All changes that still make a module, in the order of the text."""
        changes = self._below(ast.parse(self._source))
        return sorted(filter(self._parses, changes), key=lambda change: (change.start, change.new))

    def _parses(self, mutant: Mutant) -> bool:
        try:
            ast.parse(mutant.applied(self._source))
        except SyntaxError:
            return False
        return True

    def _below(self, node: ast.AST) -> Iterator[Mutant]:
        for name, child in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list", "type_params", "bases"}:
                continue
            for part in child if isinstance(child, list) else [child]:
                # The places inside an f-string are right only since Python 3.12.
                if isinstance(part, ast.AST) and not isinstance(part, ast.JoinedStr):
                    yield from self._of(part)
                    yield from self._below(part)

    def _of(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Compare(left, [op], [right]):
                old, others = _COMPARED[type(op)]
                for new in others:
                    yield from self._between(left, right, old, new)
            case ast.BinOp(left, op, right) if type(op) in _COMPUTED:
                yield from self._between(left, right, *_COMPUTED[type(op)])
            case ast.BoolOp(op, [first, second, *_]):
                words = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
                yield from self._between(first, second, *words)
            case ast.UnaryOp(ast.Not(), operand):
                yield self._change(node, f"({self._text(operand)})")
            case ast.If(test) | ast.IfExp(test) | ast.While(test) if not _is_constant(test):
                yield self._change(test, f"(not ({self._text(test)}))")
            case ast.Constant(bool() as value):
                yield self._change(node, str(not value))
            case ast.Constant(int() | float() as value):
                yield self._change(node, repr(value + 1))
            case ast.Return(ast.expr() as value) if not _is_constant(value):
                yield self._change(value, "None")
            case ast.Expr(ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise() | ast.Delete():
                yield self._change(node, "pass")
            case ast.Assign([ast.Attribute() | ast.Subscript()]):
                yield self._change(node, "pass")
            case ast.Break() | ast.Continue():
                yield self._change(node, "continue" if isinstance(node, ast.Break) else "break")

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: PT018
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def _text(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self._source[start:end].decode()

    def _change(self, node: ast.AST, new: str) -> Mutant:
        start, end = self._span(node)
        return self._at(start, end, new)

    def _between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Mutant]:
        after, before = self._span(left)[1], self._span(right)[0]
        pattern = re.escape(old).replace(r"\ ", r"\s+").encode()
        place = re.search(rb"(?<![\w<>=!])" + pattern + rb"(?![\w<>=])", self._source[after:before])
        if place:
            yield self._at(after + place.start(), after + place.end(), new)

    def _at(self, start: int, end: int, new: str) -> Mutant:
        line = self._source.count(b"\n", 0, start) + 1
        return Mutant(self._path, line, start, end, self._source[start:end].decode(), new)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"
    )


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Return every small change of a module that this program knows."""
    return _Maker(path, source).mutants()


def all_mutants(root: Path, rooms: Sequence[str]) -> list[Mutant]:
    """Return the mutants of all modules in `rooms`."""
    collected: dict[Mutant, None] = {}
    for room in rooms:
        place, _, line = room.partition(":")
        home = root / "chatrepl" / place
        for module in [home] if home.is_file() else sorted(home.rglob("*.py")):
            name = module.relative_to(root / "chatrepl").as_posix()
            made = mutants_of(name, module.read_bytes())
            collected |= dict.fromkeys(one for one in made if not line or one.line == int(line))
    return list(collected)


class Copy:
    """A copy of the tree in which one module at a time is broken."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._folder = folder
        for name in _COPIED:
            if (root / name).is_dir():
                leave = shutil.ignore_patterns("__pycache__")
                shutil.copytree(root / name, folder / name, ignore=leave)
            elif (root / name).exists():
                shutil.copy2(root / name, folder / name)
        (folder / "home").mkdir()
        self._taken_s: dict[Path, float] = {}

    def is_killed(self, mutant: Mutant) -> bool:
        """Tell whether a test of the mutant's room fails; ValueError where one always does."""
        module = self._folder / "chatrepl" / mutant.path
        tests = self._tests(Path(mutant.path))
        if module.parent not in self._taken_s:
            begun = time.monotonic()
            if not self._pass(tests, None):
                raise ValueError(f"the tests of {mutant.path} fail as they are")
            self._taken_s[module.parent] = time.monotonic() - begun
        deadline_s = _DEADLINE_S + _TIMES_LONGER * self._taken_s[module.parent]
        source, status = module.read_bytes(), module.stat()
        module.write_bytes(mutant.applied(source))
        os.utime(module, (0, 0))  # so that nobody takes it for what was compiled before
        try:
            return not self._pass(tests, deadline_s)
        finally:
            module.write_bytes(source)
            os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _tests(self, module: Path) -> list[str]:
        home = Path("tests", module.parent)
        files = sorted(path.name for path in (self._folder / home).glob("test_*.py"))
        likely = f"test_{module.stem}.py"
        return [str(home / name) for name in sorted(files, key=lambda name: name != likely)]

    def _pass(self, tests: list[str], deadline_s: float | None) -> bool:
        options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-cov"]
        process = subprocess.Popen(
            [sys.executable, *(["-B"] if deadline_s else []), "-m", "pytest", *options, *tests],
            cwd=self._folder,
            env=os.environ
            | {"PYTHONPATH": str(self._folder)}
            | dict.fromkeys(("HOME", "TMPDIR"), str(self._folder / "home")),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_leash,  # noqa: PLW1509
        )
        try:
            return process.wait(deadline_s) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _leash() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))


def main() -> None:
    """Make the mutants, try them, and print who survived."""
    how = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tests.mutants", description=__doc__, formatter_class=how)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", default=ROOMS, help="where to break")
    parser.add_argument("--count", type=int, default=200, help="how many to try")
    parser.add_argument("--seed", type=int, default=0, help="another number tries others")
    asked = parser.parse_args()
    mutants = all_mutants(ROOT, asked.rooms)
    chosen = random.Random(asked.seed).sample(mutants, min(asked.count, len(mutants)))
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants.", ignore_cleanup_errors=True) as folder:
        copy = Copy(ROOT, Path(folder))
        for mutant in chosen:
            if not copy.is_killed(mutant):
                survivors += 1
                print(mutant, flush=True)
    tried = len(chosen)
    print(f"{survivors} of {tried} survived: {survivors / max(tried, 1):.0%}", flush=True)


if __name__ == "__main__":
    main()
