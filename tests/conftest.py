"""What holds for every test: how much is tried, on how many processors, and in what environment."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.inherited import bare_environment, hear_signals

_MOST_PROCESSES = 4

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
    return min((os.cpu_count() or 1) + 1, _MOST_PROCESSES)  # those on a terminal mostly wait


@pytest.fixture(autouse=True, scope="session")
def _nothing_inherited() -> Iterator[None]:
    hear_signals()
    yield from bare_environment()
