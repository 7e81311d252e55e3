import time
from pathlib import Path
from typing import Any

from chatrepl.api.client import connect
from chatrepl.api.credentials import Credentials
from chatrepl.api.route import plan_route
from chatrepl.cli.learned import LearnedFiles
from chatrepl.cli.refresh import refresh_in_background
from chatrepl.core.settings import Settings
from chatrepl.core.world import Edges
from chatrepl.demo.server import serve
from chatrepl.session.service import Service
from chatrepl.session.session import Session
from chatrepl.startup.lazy import Lazy


def test_the_list_is_fetched_kept_for_the_next_start_and_not_fetched_again(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with serve() as served:
        key = Credentials("key", "a test", "sk-ant-test")
        route = plan_route(Settings(base_url=served.url), key, {})
        learned = LearnedFiles(route.url, folder, None, keeps=True)
        edges, before = Edges(clock=lambda: 1e9, new_id=lambda: "1"), learned.catalog()
        session = Session(Settings(), edges, service=Service(before))
        client: Lazy[Any] = Lazy(lambda: connect(route))
        refresh_in_background(session, client, route, learned)
        until = time.monotonic() + 20
        while not (folder / "models.json").exists() and time.monotonic() < until:
            time.sleep(0.01)
        asked = len(served.requests)
        unused: Lazy[Any] = Lazy(lambda: connect(route))
        refresh_in_background(session, unused, route, learned)
        time.sleep(0.1)

        assert asked == len(served.requests) == 1
        assert not unused.ready
    assert not before.is_fresh(1e9)
    assert learned.catalog().is_fresh(1e9)
    assert learned.catalog() == session.service.models
