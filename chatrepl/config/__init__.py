"""Configuration: settings put together from the file, profiles, the environment and options.

`file` reads config.toml and finds where in it a key stands, `load` puts the layers together, `show`
prints and changes settings and writes config.example.toml. A new setting needs none of these: it is
declared in `chatrepl.core.settings`.
"""
