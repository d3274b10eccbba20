"""What the forecasting cases score, each once: names, units and which way is good."""

from benchmarks.line import Metric

PINBALL = Metric(
    name="pinball", unit="1", better="lower", meaning="mean over 99 quantiles, share of capacity"
)
COVERAGE = Metric(
    name="coverage_90", unit="1", better="higher", meaning="share of truths in the 90 % band"
)
FIT = Metric(name="fit_cpu_seconds", unit="s", better="lower", meaning="CPU time of fitting")
PREDICT = Metric(
    name="predict_cpu_seconds", unit="s", better="lower", meaning="CPU time of forecasting"
)
SKILL = Metric(
    name="skill_percent", unit="%", better="higher", meaning="of the CRPS, against the reference"
)
CRPS = Metric(name="crps", unit="1", better="lower", meaning="share of capacity, 99 levels")
METRICS = (PINBALL, COVERAGE, FIT, PREDICT, SKILL, CRPS)
