"""Reading and writing of files: audio, annotation, checkpoints."""
