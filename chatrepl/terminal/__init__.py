"""The edge to the terminal: the prompt, the two consoles, the streaming renderer, safe text."""
