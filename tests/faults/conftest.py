"""One nursery for all of these tests, and a home for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.home import Home, home_in
from tests.faults.nursery import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def home(tmp_path: Path, nursery: Nursery) -> Iterator[Home]:
    with home_in(tmp_path, nursery) as home:
        yield home
