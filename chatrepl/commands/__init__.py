"""All slash commands; importing a module here registers its commands."""
