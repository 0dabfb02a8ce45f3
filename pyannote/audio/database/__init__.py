"""Protocols of pyannote.database: recordings, annotation, trials, checks, and preparation of data sets."""
