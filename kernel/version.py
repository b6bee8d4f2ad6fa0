"""The project's version, for packaging and `yiwang --version`."""

__version__ = "0.1.0"
