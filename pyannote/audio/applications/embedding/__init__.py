"""Commands that learn and use speaker embeddings."""
