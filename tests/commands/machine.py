"""Random commands and turns against the strict engine, as a state machine.

Whatever is done: every request is valid, nothing that was said is lost, and undoing everything
leads back to the very same bytes.
"""

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatrepl.commands.rewriting import rewrite_open
from chatrepl.core.errors import ApiError, UsageError
from chatrepl.core.models import TABLE
from chatrepl.core.settings import Settings
from chatrepl.core.talk.conversation import Conversation, State, TurnId
from tests.commands.playing import CutError, Player, probe

MODELS: Final = tuple(TABLE)
MESSAGES: Final = st.sampled_from(
    [
        "hello",
        "demo: say yes",
        "demo: think",
        "demo: stop max_tokens; count to 30",
        "demo: stop refusal",
        "demo: stop pause_turn",
        "demo: stop tool_use",
        "demo: search otters",
        "demo: code file",
        "demo: mcp hello",
        "demo: tool",
        "demo: error 500",
        "demo: error 400",
        "demo: stream torn after 2",
        "demo: stream error-first",
        "demo: prefill omit",
        "demo: prefill whitespace",
        " ",
    ]
)
NUMBER: Final = st.integers(0, 6).map(str)
TEXT: Final = st.sampled_from(["Well", "{", "a b", "Yes, \n", "  x "])
COMMANDS: Final = st.one_of(
    st.sampled_from(
        [
            "/undo",
            "/undo",
            "/redo",
            "/retry",
            "/continue",
            "/clear",
            "/tree",
            "/history",
            "/edit",
            "/branch one",
            "/branch two",
            "/branch",
            "/goto one",
            "/goto two",
            "/prefill clear",
            "/system clear",
            "/schema clear",
            "/choose yes no",
            '/schema {"type":"object","properties":{"a":{"type":"string"}}}',
            "/web on",
            "/web off",
            "/web fetch",
            "/code on",
            "/code off",
            "/mcp add notes https://mcp.example.com/sse",
            "/mcp remove notes",
            "/think on",
            "/think off",
            "/think auto",
            "/effort low",
            "/effort clear",
            "/models",
            "/config",
            "/copy all",
            "/set max_tokens 900",
            "/set web false",
            "/detach",
            "/raw",
        ]
    ),
    st.builds("/truncate! {}".format, NUMBER),
    st.builds("/drop {}".format, NUMBER),
    st.builds("/keep {}".format, NUMBER),
    st.builds("/pin {}".format, NUMBER),
    st.sampled_from(["/restore", "/relevant yes", "/context"]),
    st.builds("/undo {}".format, NUMBER),
    st.builds("/goto {}".format, NUMBER),
    st.builds("/edit {}".format, NUMBER),
    st.builds("/edit {} reply".format, NUMBER),
    st.sampled_from(["/btw demo: say beside", "/btw demo: think", "/btw keep", "/btw"]),
    st.builds("/user {}".format, TEXT),
    st.builds("/assistant {}".format, TEXT),
    st.builds("/prefill {}".format, TEXT),
    st.builds("/prefill pin {}".format, TEXT),
    st.builds("/system {}".format, TEXT),
    st.builds("/model {}".format, st.sampled_from(MODELS)),
)


class Chats(RuleBasedStateMachine):
    """One chat."""

    @initialize(model=st.sampled_from(MODELS), system=st.sampled_from(["", "Be brief."]))
    def begin(self, model: str, system: str) -> None:
        self.player = Player(Settings(model=model))
        self.player.engine.caller = "none"  # the blocks of 2025; tests.soak.commands walks today's
        self.player.session.conversation = Conversation(state=State(system=system))
        self.first = probe(self.player.session.conversation)
        self.turns: set[TurnId] = set()

    @rule(text=MESSAGES)
    def say(self, text: str) -> None:
        self._try(lambda: self.player.say(text))

    @rule(text=MESSAGES, events=st.integers(0, 12))
    def stop_midway(self, text: str, events: int) -> None:
        self.player.cut_after = events
        self._try(lambda: self.player.say(text))
        self.player.cut_after = None

    @rule(line=COMMANDS)
    def command(self, line: str) -> None:
        self._try(lambda: self.player.do(line))

    @rule(text=TEXT)
    def write_over_a_reply(self, text: str) -> None:
        self._try(lambda: self.player.act(rewrite_open(self.player.session, text)))

    @rule(pick=st.integers(0, 99))
    def go_to_any_turn(self, pick: int) -> None:
        ids = sorted(self.player.session.conversation.turns)
        if ids:
            wanted = ids[pick % len(ids)]
            self.player.do(f"/goto {wanted}")
            assert self.player.session.conversation.head == wanted

    def _try(self, work: Callable[[], object]) -> None:
        before = len(self.player.statuses)
        try:
            work()
        except (UsageError, CutError):
            pass
        except ApiError:  # it was asked for, or the request is one that the service refuses
            asked = "".join(m.text for m in self.player.requests[-1].messages)
            if "demo: error" in asked or "demo: stream" in asked:
                return
            raise
        assert all(status == 200 for status in self.player.statuses[before:])

    @invariant()
    def nothing_is_lost(self) -> None:
        session = self.player.session
        kept = {id_ for conversation, _ in session.shelf.all for id_ in conversation.turns}
        now = kept | set(session.conversation.turns)
        assert now >= self.turns
        self.turns = now

    def teardown(self) -> None:
        session = self.player.session
        last, steps = probe(session.conversation), 0
        while session.undo():
            steps += 1
        assert probe(session.conversation) == self.first
        for _ in range(steps):
            assert session.redo()
        assert probe(session.conversation) == last
