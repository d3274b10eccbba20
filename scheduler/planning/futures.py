"""Which futures a plan is made for.

The futures are joint scenarios of the forecasts the plan is made on: wind, sun and the carbon of
the grids together, fewer with weights in place of many. Demand and cooling stay as expected, since
replicas are chosen before either is known.
"""

from collections.abc import Mapping

from forecasting.forecast import Forecast
from forecasting.scenarios import reduce
from optimizer.stochastic.scenarios import Scenario as Future
from scheduler.errors import InputError
from scheduler.planning.foresight import Foresight
from scheduler.planning.run import Forecasts

WIND, PV, CARBON = "wind", "pv", "carbon"


def draw(forecasts: Forecasts, foresight: Foresight) -> tuple[Future, ...]:
    """The futures kept of the forecasts' scenarios, the leanest among them.

    Raises:
        InputError: Nothing of these is uncertain, or more are asked for than there are.
    """
    uncertain = _uncertain(forecasts)
    supply = tuple(name for name in uncertain if name[0] in (WIND, PV))
    # Where no power is uncertain, carbon alone tells the futures apart.
    load = () if supply else tuple(uncertain)
    if not uncertain:
        raise InputError(
            "--scenarios: nothing of wind, sun or carbon is uncertain in this scenario, every "
            "series is stated without spread; leave the option out"
        )
    most = next(iter(uncertain.values())).n_scenarios
    if foresight.n_scenarios > most:
        raise InputError(
            f"--scenarios: must be at most the {most} scenarios of the forecasts, got "
            f"{foresight.n_scenarios}; ask for fewer"
        )
    kept = reduce(
        {_key(name): forecast for name, forecast in uncertain.items()},
        foresight.n_scenarios,
        supply=tuple(_key(name) for name in supply),
        load=tuple(_key(name) for name in load),
    )
    weights = next(iter(kept.values())).weights
    return tuple(
        Future(
            weight=float(weight),
            available_kw={
                (site, kind): kept[_key((kind, site))].scenarios[number]
                for kind, site in uncertain
                if kind != CARBON
            },
            carbon_intensity_g_per_kwh={
                site: kept[_key((kind, site))].scenarios[number]
                for kind, site in uncertain
                if kind == CARBON
            },
        )
        for number, weight in enumerate(weights)
    )


def _uncertain(forecasts: Forecasts) -> dict[tuple[str, str], Forecast]:
    """Forecasts whose scenarios differ, by kind and site."""
    kinds: Mapping[str, Mapping[str, Forecast]] = {
        WIND: forecasts.wind_kw,
        PV: forecasts.pv_kw,
        CARBON: forecasts.carbon_g_per_kwh,
    }
    return {
        (kind, site): forecast
        for kind, by_site in kinds.items()
        for site, forecast in sorted(by_site.items())
        if (forecast.scenarios != forecast.scenarios[0]).any()
    }


def _key(name: tuple[str, str]) -> str:
    return " ".join(name)
