"""What `pyannote-audio check` looks at."""
