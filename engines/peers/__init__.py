"""Adapters of engines that others wrote: one file each, named like the library."""
