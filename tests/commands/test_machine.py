"""Whatever is done in a chat, requests stay valid, nothing is lost, and all can be undone."""

from hypothesis import HealthCheck, settings

from tests.commands.machine import Chats

TestChats = Chats.TestCase
TestChats.settings = settings(
    max_examples=100,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
