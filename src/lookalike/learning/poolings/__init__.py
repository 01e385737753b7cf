"""From a map of features to one vector: one pooling a file, named by its paper."""
