"""The reports room: records become tables, tables become plots, both become pages.

It reads records and never runs an engine. pandas and matplotlib are imported only when a report
is rendered.
"""
