"""Finders: what in a frame is worth describing."""
