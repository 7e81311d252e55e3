"""Foreign text made safe to show, by code point."""
