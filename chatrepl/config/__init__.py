"""Configuration: settings put together from the file, profiles, the environment and options.

`file` reads config.toml, `lines` finds where in it a key stands, `load` puts the layers together,
`show` prints and changes settings, `example` writes config.example.toml. A new setting needs none
of these: it is declared in `chatrepl.core.settings`.
"""

from chatrepl.config.load import Loaded, default_path, load, set_value

__all__ = ["Loaded", "default_path", "load", "set_value"]
