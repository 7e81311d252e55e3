"""What a session does without the world."""

from chatrepl.core.settings import Settings
from chatrepl.core.talk.usage import Usage
from chatrepl.core.world import Edges, rough_count


def test_every_edge_but_clock_and_ids_may_be_left_out() -> None:
    edges = Edges(lambda: 1.0, lambda: "id")

    assert edges.price("m", Usage(), 0.0) is None
    assert edges.rates("m", 5) is None
    assert edges.can_count()
    assert edges.count("word") == rough_count("word") > 0
    assert edges.new_recorder().id is None
    assert "--doctor" in edges.examine(Settings())
    edges.learn("m", {"prefill": False})
    edges.keep_scales({})
    assert edges.scales() == {}
