"""Files, addresses and the clipboard as content blocks; nothing here talks to the service."""
