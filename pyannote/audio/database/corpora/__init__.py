"""Preparation of published corpora, and of recordings of the user, as protocols of pyannote.database."""
