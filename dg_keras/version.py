"""The version of dg_keras, in one place."""

__version__ = "0.1.0"
