"""What a flag and a slash command both do: pure functions that give values to show or send."""
