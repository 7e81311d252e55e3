"""The line editor at the prompt. prompt_toolkit is imported when a `Prompt` is built."""
