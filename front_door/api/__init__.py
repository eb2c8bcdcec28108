"""benchgrad in Python: what the commands do, with data frames for results.

The command line's own modules do the work, so both are one implementation.
"""
