"""The cache's clock against the engine's cache, whatever happens between two requests."""

import random

from chatrepl.core.settings import Settings
from chatrepl.session.warming import is_kept
from tests.session.cache_model import MODEL, Talk, question

SCHEDULES = 150


def _step(talk: Talk, rng: random.Random) -> None:
    """Do one of the things that people do between two messages."""
    session, path = talk.session, talk.session.conversation.path()
    match rng.randrange(10):
        case 0 if path:
            session.undo()
        case 1 if path:
            session.redo()
        case 2 if path:
            talk.again(path[-1])
        case 3:
            session.use(cache_ttl=rng.choice(("5m", "1h")))
        case 4:
            session.use(effort=rng.choice(("", "low", "high")))
        case 5:
            session.use(speed=rng.choice(("", "fast")))
        case 6:
            talk.read_again()
        case _:
            pass


def test_the_toolbar_never_says_warm_when_the_service_is_cold() -> None:
    warm = cold = reads = 0
    for seed in range(SCHEDULES):
        rng = random.Random(seed)
        ttl = rng.choice(("5m", "1h"))
        talk = Talk(Settings(model=MODEL, cache_ttl=ttl, cache_keep_warm="auto"))
        for _ in range(6):
            _step(talk, rng)
            claimed = talk.warmth
            usage = talk.say(question(rng, rng.randint(1, 900)), reply_s=rng.uniform(0, 600))
            if claimed.state == "warm":
                warm += 1
                assert usage.cache_read_input_tokens >= claimed.tokens, seed
            cold += claimed.state == "cold"
            talk.now += rng.choice((rng.uniform(0, 120), rng.uniform(0, 400), rng.uniform(0, 4000)))
            while rng.random() < 0.4 and (usage_again := talk.read_again()) is not None:
                reads += 1
                assert usage_again.cache_creation_input_tokens == 0, seed
                assert is_kept(talk.session)
                talk.now += rng.uniform(0, 400)
    assert warm > SCHEDULES
    assert cold > SCHEDULES
    assert reads > SCHEDULES / 2


def test_what_the_service_holds_is_mostly_known_to_be_warm() -> None:
    rng = random.Random(1)
    talk = Talk()
    read = told = 0
    for _ in range(60):
        told += talk.warmth.state == "warm"
        usage = talk.say(question(rng, 900), reply_s=rng.uniform(0, 600))
        read += usage.cache_read_input_tokens > 0
        talk.now += rng.uniform(0, 4000)
    assert 0.95 * read <= told <= read


def test_minutes_are_counted_from_the_start_of_a_request() -> None:
    talk = Talk(Settings(model=MODEL, cache_ttl="5m"))
    talk.say(question(random.Random(2), 900), reply_s=180)
    assert talk.warmth.minutes_left(talk.now) == 2
    talk.now += 120
    assert talk.warmth.state == "cold"
