"""The case `real-week`: real jobs, requests, wind, sun, prices and carbon of one calendar week.

`jobs` and `series` map the data, `world` writes the files the scenario names, `case` plans it.
"""
