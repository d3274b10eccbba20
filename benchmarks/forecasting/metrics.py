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
MAPE = Metric(
    name="mape_percent", unit="%", better="lower", meaning="mean absolute error, share of the truth"
)
MAE_G = Metric(
    name="mae_g_per_kwh", unit="g/kWh", better="lower", meaning="mean absolute error of the day"
)
MAE_PRICE = Metric(
    name="mae_per_mwh", unit="1/MWh", better="lower", meaning="of prices, in their currency"
)
LEAR_RATIO = Metric(
    name="mae_over_lear", unit="1", better="lower", meaning="MAE over that of the LEAR ensemble"
)
NCRPS = Metric(name="ncrps", unit="1", better="lower", meaning="CRPS over mean load")
NCRPS_CHANGE = Metric(
    name="ncrps_change_percent",
    unit="%",
    better="lower",
    meaning="of the CRPS, against same-hour quantiles",
)
ENERGY_CRPS = Metric(
    name="daily_energy_crps", unit="h", better="lower", meaning="of all zones, full-load hours"
)
ENERGY_CHANGE = Metric(
    name="daily_energy_crps_change_percent",
    unit="%",
    better="lower",
    meaning="against independent draws",
)
LOSS = Metric(name="loss_percent", unit="%", better="lower", meaning="against the clean run")
UPDATE = Metric(
    name="update_cpu_seconds", unit="s", better="lower", meaning="CPU time of an hourly update"
)
METRICS = (
    PINBALL,
    COVERAGE,
    FIT,
    PREDICT,
    SKILL,
    CRPS,
    MAPE,
    MAE_G,
    MAE_PRICE,
    LEAR_RATIO,
    NCRPS,
    NCRPS_CHANGE,
    ENERGY_CRPS,
    ENERGY_CHANGE,
    LOSS,
    UPDATE,
)
