"""How many tokens something has: estimated, counted, and learned from what the service counts."""
