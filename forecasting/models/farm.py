"""Which models forecast the power of a wind farm or a PV plant from a weather forecast.

The numbers here were chosen on the first three months of the GEFCom2014 competition, which no
figure of ours is taken on; see the page on forecasting.
"""

from collections.abc import Sequence

from forecasting.models.analogs import AnalogEnsemble
from forecasting.models.boosted import BoostedQuantiles
from forecasting.models.forest import QuantileForest
from forecasting.models.linear_analogs import LinearAnalogs
from forecasting.models.regression import Recipe

_WIND_LIKENESS = {
    "speed_100": 3.0,
    "speed_10": 1.0,
    "east": 1.0,
    "north": 1.0,
    "turning": 0.5,
    "speed_100_-2h": 0.7,
    "speed_100_-1h": 1.0,
    "speed_100_+1h": 1.0,
    "speed_100_+2h": 0.7,
    "speed_mean_5h": 1.5,
    "speed_spread_7h": 0.5,
    "hour_sin": 0.5,
    "hour_cos": 0.5,
}
_SUN_LIKENESS = {
    "plane_w_m2": 2.0,
    "clear_plane_w_m2": 1.0,
    "clear_index": 2.0,
    "day_clear_index": 1.0,
    "azimuth": 1.0,
    "cloud_share": 0.5,
}
_SUN_LINE = (
    "plane_w_m2",
    "ghi_w_m2",
    "clear_plane_w_m2",
    "clear_index",
    "day_clear_index",
    "temperature_c",
    "elevation",
    "cloud_share",
    "plane_w_m2_-1h",
    "plane_w_m2_+1h",
)


def wind_analogs(columns: Sequence[str]) -> AnalogEnsemble:
    """Past hours alike in wind, its course and the hour of the day."""
    return AnalogEnsemble(n_neighbours=80, columns=_numbered(columns, _WIND_LIKENESS))


def wind_recipes(columns: Sequence[str]) -> tuple[Recipe, ...]:
    """For features of these names, as `wind_features` makes them."""
    return (
        wind_analogs(columns),
        BoostedQuantiles(n_trees=120),
        QuantileForest(n_trees=100, feature_share=1 / 3),
    )


def sun_recipes(columns: Sequence[str]) -> tuple[Recipe, ...]:
    """For features of these names, as `sun_features` makes them."""
    return (
        LinearAnalogs(
            terms=tuple(list(columns).index(name) for name in _SUN_LINE),
            likeness=_numbered(columns, _SUN_LIKENESS),
        ),
        BoostedQuantiles(n_trees=120),
        QuantileForest(n_trees=200),
    )


def _numbered(columns: Sequence[str], likeness: dict[str, float]) -> tuple[tuple[int, float], ...]:
    names = list(columns)
    return tuple((names.index(name), weight) for name, weight in likeness.items())
