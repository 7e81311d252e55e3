"""What holds for every test: how much is tried, on how many processors, and in what environment."""

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.inherited import bare_environment, hear_signals

_HERE = Path(__file__).parent
_MOST_PROCESSES = 4
# Where tests mostly wait, for programs or for their time; first what would be left over at the end.
_WAIT = ("fuzz", "terminal/prompt", "faults", "e2e", "peers", "tools", "startup", "docs", "local")

# A run tries the same examples each time; `--hypothesis-profile=random` tries others. No example
# has a time limit: the machine may be busy.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.register_profile("random", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Share the tests of folders among the processors; a few files are quicker in one process."""
    if all(arg.partition("::")[0].endswith(".py") for arg in config.args):
        return 0
    return min((os.cpu_count() or 1) + 2, _MOST_PROCESSES)  # about half of them wait


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait evenly among those that compute, as they run side by side."""
    files = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    waiting = sorted(
        (file for file in files if _rank(file[0].path)), key=lambda f: _rank(f[0].path)
    )
    computing = [file for file in files if not _rank(file[0].path)]
    placed = [
        ((number + 0.5) / len(group), file)
        for group in (waiting, computing)
        for number, file in enumerate(group)
    ]
    items[:] = [item for _, file in sorted(placed, key=lambda place: place[0]) for item in file]


def _rank(path: Path) -> int:
    """Give the place of a file among those that wait, from 1; 0 where it computes."""
    room = path.relative_to(_HERE).parent.as_posix()
    return next((n for n, name in enumerate(_WAIT, 1) if room.startswith(name)), 0)


@pytest.fixture(autouse=True, scope="session")
def _nothing_inherited() -> Iterator[None]:
    hear_signals()
    yield from bare_environment()
