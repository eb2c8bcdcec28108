"""Adapters for other people's engines: one file per library, named after it."""
