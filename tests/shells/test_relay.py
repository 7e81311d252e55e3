"""What is typed while several replies come reaches the view of the one that comes now."""

from typing import Any, cast
from unittest.mock import Mock

import pytest

from chatrepl.shells.desk import Relay


@pytest.mark.parametrize("what", ["let_ask", "suspend", "resume"])
def test_the_view_of_the_moment_is_told(what: str) -> None:
    views: list[Mock] = []

    def make() -> Any:
        views.append(Mock())
        return views[-1]

    relay = Relay(cast("Any", make), None)
    relay.fresh()
    getattr(relay, what)()
    assert [getattr(view, what).call_count for view in views] == [0, 1]
