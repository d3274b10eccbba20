"""Sizing over a year: on public series with published bounds, and on synthetic weather."""
