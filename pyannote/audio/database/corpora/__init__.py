"""Data sets as protocols: published corpora, and recordings of the user."""
