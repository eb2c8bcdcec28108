"""The process that an engine is checked in, from outside and from inside."""
