"""Everything about speed in one go: python -m tests.bench [ROUNDS] [--at REVISION].

Start and turns are measured at the revision; the long conversation always in this tree.
"""

from tests.bench import long, start, turns

with start.chosen() as (rounds, tree):
    start.measure(rounds, tree)
    turns.measure(tree)
long.main([])
