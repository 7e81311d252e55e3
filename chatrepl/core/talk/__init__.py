"""What was said: messages of blocks, turns of messages, and the tree they make."""
