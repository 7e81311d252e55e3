"""What went wrong, in words: refusals of the service, and failures on the way to it."""
