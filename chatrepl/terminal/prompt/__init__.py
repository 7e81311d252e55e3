"""The line editor at the prompt; all but its values is built on prompt_toolkit."""
