"""Binary descriptors: compact codes compared by Hamming distance."""
