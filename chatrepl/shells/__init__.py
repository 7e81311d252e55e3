"""The two ways to talk: a chat on a terminal, and one question through a pipe."""
