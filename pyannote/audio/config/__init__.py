"""Configuration files: reading, checks, and search for the classes that they name."""
