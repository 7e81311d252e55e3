"""What is done so that the prompt is there at once."""
