"""Data sets: from their own layouts to protocols of pyannote.database."""
