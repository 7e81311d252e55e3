"""Replies on the screen while they stream.

painter    frames and slices, and thinking: the one to use
screen     the live rows, and how one state of them becomes the next
pen        cursor movements of one write
ansi       rows of segments to characters
"""
