"""What of a conversation stays in what is sent: by room, by hand, by relevance."""
