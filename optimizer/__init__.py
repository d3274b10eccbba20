"""Problem in, plan out, with a certified bound.

The package owns the nouns of the field (site, job, service, battery, plan) and knows nothing of
files, forecasts or clusters: every series it is given is taken as it stands.
"""
