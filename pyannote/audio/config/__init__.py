"""Configuration files: reading, checking, and finding the classes that they name."""
