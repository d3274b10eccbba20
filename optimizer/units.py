"""How one unit becomes another: the only place that says so.

Names elsewhere carry their unit; where a formula crosses from one to another it names the factor.
"""

SECONDS_PER_HOUR = 3600
G_PER_KG = 1000
WH_PER_KWH = 1000
BITS_PER_BYTE = 8
