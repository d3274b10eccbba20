"""Forecasts replayed on public data as they would have been issued, and scored.

What a forecast may know is what had been published when it was issued; each case cuts its data
there before any model sees them.
"""
