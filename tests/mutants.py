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
_DEADLINE_S, _TIMES_LONGER = 10.0, 5
_MOST_MEMORY_BYTES = 4 << 30  # a mutant that never stops may also collect for ever

_OTHERS = {
    ast.Lt: ("<", "<=", ">="), ast.LtE: ("<=", "<", ">"),
    ast.Gt: (">", ">=", "<="), ast.GtE: (">=", ">", "<"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
    ast.And: ("and", "or"), ast.Or: ("or", "and"),
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"),
}  # fmt: skip
_NOT_COPIED = (".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info")
_NOT_RUN = {"annotation", "returns", "decorator_list", "type_params", "bases"}


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
            # The places inside an f-string are right only since Python 3.12.
            for part in child if isinstance(child, list) else [child]:
                if name in _NOT_RUN or isinstance(part, ast.JoinedStr):
                    continue
                if isinstance(part, ast.AST):
                    yield from self._of(part)
                    yield from self._below(part)

    def _of(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Compare(left, [op], [right]) | ast.BinOp(left, op, right):
                yield from self._between(left, right, op)
            case ast.BoolOp(op, [first, second, *_]):
                yield from self._between(first, second, op)
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
            case _:
                pass

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    def _text(self, node: ast.AST) -> str:
        return self._source[slice(*self._span(node))].decode()

    def _change(self, node: ast.AST, new: str) -> Mutant:
        return self._at(*self._span(node), new)

    def _between(self, left: ast.AST, right: ast.AST, op: ast.AST) -> Iterator[Mutant]:
        old, *others = _OTHERS.get(type(op), ("",))
        after, before = self._span(left)[1], self._span(right)[0]
        pattern = re.escape(old).replace(r"\ ", r"\s+").encode()
        place = re.search(rb"(?<![\w<>=!])" + pattern + rb"(?![\w<>=])", self._source[after:before])
        if place:
            yield from (self._at(after + place.start(), after + place.end(), new) for new in others)

    def _at(self, start: int, end: int, new: str) -> Mutant:
        line = self._source.count(b"\n", 0, start) + 1
        return Mutant(self._path, line, start, end, self._source[start:end].decode(), new)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or ast.unparse(node) == "TYPE_CHECKING"


def all_mutants(root: Path, rooms: Sequence[str]) -> list[Mutant]:
    """Return the mutants of all modules in `rooms`."""
    collected: dict[Mutant, None] = {}
    for room in rooms:
        place, _, line = room.partition(":")
        home = root / "chatrepl" / place
        for module in [home] if home.is_file() else sorted(home.rglob("*.py")):
            name = module.relative_to(root / "chatrepl").as_posix()
            made = _Maker(name, module.read_bytes()).mutants()
            collected |= dict.fromkeys(one for one in made if not line or one.line == int(line))
    return list(collected)


class Copy:
    """A copy of the tree in which one module at a time is broken."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._tree = folder / "tree"
        own = {"PYTHONPATH": str(self._tree), "HOME": str(folder), "PYTEST_ADDOPTS": ""}
        self._env = {**os.environ, **own}
        self._taken_s: dict[Path, float] = {}
        self._moment = 0
        shutil.copytree(root, self._tree, ignore=shutil.ignore_patterns(*_NOT_COPIED))

    def is_killed(self, mutant: Mutant) -> bool:
        """Tell whether a test of the mutant's room fails; ValueError where one always does."""
        module = self._tree / "chatrepl" / mutant.path
        tests = self._tests(Path(mutant.path))
        if module.parent not in self._taken_s:
            begun = time.monotonic()
            if not self._pass(tests, None):
                raise ValueError(f"the tests of {mutant.path} fail as they are")
            self._taken_s[module.parent] = time.monotonic() - begun
        deadline_s = _DEADLINE_S + _TIMES_LONGER * self._taken_s[module.parent]
        source, status = module.read_bytes(), module.stat()
        module.write_bytes(mutant.applied(source))
        # So that nobody takes it for what was compiled before; what tests start may compile, too.
        self._moment += 1
        os.utime(module, (self._moment, self._moment))
        try:
            return not self._pass(tests, deadline_s)
        finally:
            module.write_bytes(source)
            os.utime(module, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _tests(self, module: Path) -> list[str]:
        home = Path("tests", module.parent)
        files = sorted(path.name for path in (self._tree / home).glob("test_*.py"))
        likely = f"test_{module.stem}.py"
        return [str(home / name) for name in sorted(files, key=lambda name: name != likely)]

    def _pass(self, tests: list[str], deadline_s: float | None) -> bool:
        options = "-x -q -n 0 -p no:cacheprovider --no-cov".split()
        process = subprocess.Popen(
            [sys.executable, *(["-B"] if deadline_s else []), "-m", "pytest", *options, *tests],
            cwd=self._tree,
            env=self._env,
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
    survivors: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="mutants.", ignore_cleanup_errors=True) as folder:
        copy = Copy(ROOT, Path(folder))
        for number, mutant in enumerate(chosen, 1):
            if not copy.is_killed(mutant):
                survivors.append(mutant)
                print(mutant, flush=True)
            print(f"{number} of {len(chosen)} tried", end="\r", file=sys.stderr, flush=True)
    share = len(survivors) / max(len(chosen), 1)
    print(f"{len(survivors)} of {len(chosen)} survived: {share:.0%}")


if __name__ == "__main__":
    main()
