"""A turn in a chat of 1,000 turns and 5 MB, and its history: python -m tests.bench.long [TURNS].

All that a turn does is in it but the terminal and the network: the request, the journal, the meter.
"""

import io
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

from chatrepl.api.outgoing import streaming
from chatrepl.commands.slash import run_line
from chatrepl.core.exchange.plan import plan_turn
from chatrepl.core.outcome import Table
from chatrepl.core.settings import Settings
from chatrepl.core.talk.blocks import TextBlock
from chatrepl.core.talk.conversation import Conversation, Turn, TurnId
from chatrepl.core.talk.message import Message
from chatrepl.core.world import Edges
from chatrepl.session.session import Session
from chatrepl.shells.prompt_feeds import Toolbar
from chatrepl.storage.journal import Journal
from chatrepl.terminal.say import Speaker
from tests.terminal.views.replies import console_on

QUESTION = "Why is the sky blue, and not violet? " * 28
ANSWER = "Because the air scatters short waves more than long ones. " * 70


def grown(turns: int) -> Conversation:
    """Make a chat of so many turns; every text is an object of its own."""
    chat, parent = Conversation(), None
    for number in range(turns):
        asked = Message.user(f"{number} {QUESTION}")
        said = Message("assistant", (TextBlock(f"{number} {ANSWER}"),), "claude-haiku-4-5")
        id_ = TurnId(f"t{number}")
        chat = chat.add(Turn(id_, parent, (asked, said), created=float(number)))
        parent = id_
    return chat


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def turns_of(session: Session) -> tuple[list[float], int]:
    """Take some more turns; give the milliseconds of CPU of each, and the size of a request."""
    toolbar, spent, size = Toolbar(session), [], 0
    for number in range(7):
        message = Message.user(f"and {number}?")
        begun = time.process_time()
        plan = plan_turn(session.situation, message)
        turn = session.begin_turn(plan.turn)
        size = len(streaming(plan.request))
        said = Message("assistant", (TextBlock(ANSWER),), "claude-haiku-4-5")
        done = Turn(turn.id, turn.parent, (message, said), created=turn.created)
        session.conversation = session.conversation.add(done)
        session.recorder.finish(done)
        toolbar()
        spent.append(1000 * (time.process_time() - begun))
    return spent, size


def main(arguments: list[str] | None = None) -> None:
    """Measure and print it."""
    given = sys.argv[1:] if arguments is None else arguments
    turns = int(given[0]) if given else 1000
    before = peak()
    edges = Edges(clock=time.time, new_id=iter(map(str, range(10**6))).__next__)
    session = Session(Settings(model="claude-haiku-4-5"), edges, grown(turns), interactive=True)
    with tempfile.TemporaryDirectory() as folder:
        session.recorder = Journal.new(Path(folder))
        spent, size = turns_of(session)
    grown_by = peak() - before
    begun = time.process_time()
    listed = run_line(session, "/history")
    Speaker(console_on(io.StringIO(), color=None)).say(cast("Table", listed))
    listing = 1000 * (time.process_time() - begun)
    sys.stdout.write(f"{turns} turns, a request of {size / 1e6:.1f} MB\n")
    sys.stdout.write(f"first request (encodes all)  {spent[0]:.1f} ms CPU\n")
    sys.stdout.write(f"later requests               {statistics.median(spent[1:]):.1f} ms CPU\n")
    sys.stdout.write(
        f"memory                       x{grown_by * 2**20 / size:.1f} of the request\n"
    )
    sys.stdout.write(f"/history                     {listing:.1f} ms CPU\n")


if __name__ == "__main__":
    main()
