"""A terminal chat for Anthropic's Messages API."""

__version__ = "0.2.0"
