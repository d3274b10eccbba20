"""A series somebody states, with the spread they state around it: a tariff's cousin for forecasts.

For carbon intensity and demand that a scenario describes by hour; the hours, shapes and clocks are
already resolved into the series.
"""

from datetime import datetime

import numpy as np

from forecasting.forecast import Forecast
from forecasting.models.spread import LogNormal, as_of
from forecasting.steps import Array, Steps

RUNG = "0 stated series"


def forecast_around(
    series: Array,
    steps: Steps,
    *,
    name: str,
    unit: str,
    spread: float,
    correlation_h: float,
    source: str,
    issued_at: datetime,
    n_scenarios: int = 20,
    seed: int = 0,
) -> Forecast:
    """The forecast whose expected values are `series`, shape (T,), with a lognormal spread.

    Args:
        series: Mean of each step.
        steps: The steps.
        name: Of the variable; each name has its own randomness.
        unit: Of the values.
        spread: Standard deviation over mean; 0 for a series known for certain.
        correlation_h: Hours after which a deviation has faded to 1/e. [h]
        source: Who states it.
        issued_at: When.
        n_scenarios: How many.
        seed: Of the scenarios.
    """
    reason = "the scenario states it" + (f", within {spread:.0%}" if spread else "")
    provenance = as_of(source=source, issued_at=issued_at, rung=RUNG, reason=reason)

    def mean(fine: Steps) -> Array:
        repeated: Array = np.repeat(series, fine.n_steps // steps.n_steps)
        return repeated

    law = LogNormal(name=name, spread=spread, correlation_h=correlation_h)
    return law.forecast(
        mean,
        steps,
        variable=name,
        unit=unit,
        n_scenarios=n_scenarios,
        seed=seed,
        provenance=provenance,
    )
