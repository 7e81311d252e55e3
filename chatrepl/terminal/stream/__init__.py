"""Replies on the screen while they stream.

painter    frames and slices: the one to use
thinking   the same for thinking, collapsed or shown
screen     the live rows, and how one state of them becomes the next
pen        cursor movements of one write
ansi       rows of segments to characters
"""

from chatrepl.terminal.stream.painter import Growing, Painter
from chatrepl.terminal.stream.thinking import Thinking

__all__ = ["Growing", "Painter", "Thinking"]
