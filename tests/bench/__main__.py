"""Everything about speed in one go: python -m tests.bench [ROUNDS] [--at REVISION]."""

from tests.bench import long, start, turns

start.main()
turns.main()
long.main([])
