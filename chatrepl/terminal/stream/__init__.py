"""Replies on the screen while they stream.

painter    frames and slices: the one to use
screen     the live rows, and how one state of them becomes the next
pen        cursor movements of one write
ansi       rows of segments to characters
"""

from chatrepl.terminal.stream.painter import Growing, Painter

__all__ = ["Growing", "Painter"]
