"""Bytes of a keyboard as what was typed, what was pasted, and what the terminal only reported."""
