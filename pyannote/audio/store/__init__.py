"""Features of whole protocols: computed once, kept on disk, packed for training."""
