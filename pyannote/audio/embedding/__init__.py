"""Speaker embeddings: approaches to training, and back-ends that compare embeddings."""
