"""Train, validate, apply and score small audio networks from the command line."""

__version__ = "1.2.0+dcase"
