"""What is open right now: the conversation, and what is set for its next message."""
