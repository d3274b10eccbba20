"""Weather and history in, forecasts out: quantiles, weighted scenarios and where they come from.

This package knows no job and no price. What it says of wind, sun, temperature, carbon intensity
and demand carries its provenance, and is never missing: with no feed at all it falls back to what
is known of the place.
"""
