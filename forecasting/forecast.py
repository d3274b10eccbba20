"""The one form in which this package says what will be: quantiles, scenarios and provenance.

The optimizer reads scenarios, a page reads quantiles, the log reads provenance; every model,
simple or rich, fits behind this contract. It must not know which model made it, nor what the
forecast is used for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from forecasting.steps import HOUR, Array, Steps, require_utc

if TYPE_CHECKING:
    import pandas as pd

LEVELS: tuple[float, ...] = (0.01, *(round(0.05 * i, 2) for i in range(1, 20)), 0.99)
"""Default quantile levels: .01, .05, .10, …, .95, .99."""

Kind = Literal["measured", "estimated", "forecast", "published", "synthetic"]

_CROSSING_TOLERANCE = 1e-9
_WEIGHT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where numbers come from, and why from there.

    Attributes:
        kind: What sort of number it is; `synthetic` marks a made-up world.
        source: Who says so.
        issued_at: When it was said; nothing later was used.
        rung: Step of the ladder that made it, such as "0 coordinates only".
        reason: Why this rung and not a better one.
        training_span: First and last instant of the history used, if any.
        feed_age_h: Age of each feed at `issued_at`, by name. [h]
        coverage_90: Share of recent truths inside the 90 % band, where it was measured. [0..1]
    """

    kind: Kind
    source: str
    issued_at: datetime
    rung: str
    reason: str
    training_span: tuple[datetime, datetime] | None = None
    feed_age_h: Mapping[str, float] = field(default_factory=dict)
    coverage_90: float | None = None

    def __post_init__(self) -> None:
        require_utc("provenance.issued_at", self.issued_at)
        for name in ("source", "rung", "reason"):
            if not getattr(self, name).strip():
                raise ValueError(f"provenance.{name}: must not be empty, got ''; say it in words")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """A variable's future over equal steps, as a distribution and as weighted scenarios.

    Scenario `s` of one variable belongs with scenario `s` of every variable forecast with it.

    Attributes:
        variable: Name, such as "wind_power".
        unit: Unit of every value, such as "kW".
        issued_at: When the forecast was made.
        start: Left edge of the first step.
        step: Length of a step.
        levels: Quantile levels, increasing, shape (Q,). [0..1]
        quantiles: Values at the levels, non-decreasing along them, shape (Q, T).
        expected: Mean of the full predictive distribution, shape (T,).
        scenarios: Joint draws, shape (S, T).
        weights: Probability of each scenario, shape (S,), summing to 1.
        capacity: Largest possible value where there is one.
        provenance: Where it comes from.
    """

    variable: str
    unit: str
    issued_at: datetime
    start: datetime
    step: timedelta
    levels: Array
    quantiles: Array
    expected: Array
    scenarios: Array
    weights: Array
    capacity: float | None
    provenance: Provenance

    def __post_init__(self) -> None:
        for name in ("levels", "quantiles", "expected", "scenarios", "weights"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if not np.isfinite(array).all():
                raise ValueError(
                    f"{self.variable}.{name}: must be finite, got NaN or infinity; "
                    "route missing input to a lower rung of the ladder"
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        require_utc(f"{self.variable}.issued_at", self.issued_at)
        self._check_shapes()
        self._check_values()

    def _check_shapes(self) -> None:
        n_steps = self.expected.size
        Steps(start=self.start, step=self.step, n_steps=n_steps)
        wanted = {
            "levels": (self.levels.size,),
            "expected": (n_steps,),
            "quantiles": (self.levels.size, n_steps),
            "weights": (self.weights.size,),
            "scenarios": (self.weights.size, n_steps),
        }
        for name, shape in wanted.items():
            got = getattr(self, name).shape
            if got != shape or 0 in shape:
                raise ValueError(
                    f"{self.variable}.{name}: must have shape {shape}, got {got}; "
                    "levels, steps and scenarios must agree, with at least one of each"
                )

    def _check_values(self) -> None:
        levels, weights = self.levels, self.weights
        if (np.diff(levels) <= 0).any() or levels[0] <= 0 or levels[-1] >= 1:
            raise ValueError(
                f"{self.variable}.levels: must increase strictly inside (0, 1), "
                f"got {levels.tolist()}; sort them and drop 0, 1 and repeats"
            )
        allowed = _CROSSING_TOLERANCE * max(1.0, float(np.abs(self.quantiles).max()))
        falls = -np.diff(self.quantiles, axis=0)
        if falls.size and falls.max() > allowed:
            raise ValueError(
                f"{self.variable}.quantiles: must not fall along the levels, "
                f"got a fall of {falls.max():g}; sort them along axis 0"
            )
        if (weights < 0).any() or abs(float(weights.sum()) - 1) > _WEIGHT_TOLERANCE:
            raise ValueError(
                f"{self.variable}.weights: must be non-negative and sum to 1, "
                f"got sum {float(weights.sum()):g}; divide them by their sum"
            )

    @classmethod
    def known(
        cls,
        *,
        variable: str,
        unit: str,
        start: datetime,
        step: timedelta,
        values: Sequence[float] | Array,
        provenance: Provenance,
        capacity: float | None = None,
        levels: Sequence[float] = LEVELS,
    ) -> Self:
        """A series taken as certain: every quantile equal, one scenario."""
        series = np.asarray(values, dtype=np.float64)
        return cls(
            variable=variable,
            unit=unit,
            issued_at=provenance.issued_at,
            start=start,
            step=step,
            levels=np.asarray(levels, dtype=np.float64),
            quantiles=np.repeat(np.atleast_2d(series), len(levels), axis=0),
            expected=series,
            scenarios=np.atleast_2d(series),
            weights=np.ones(1),
            capacity=capacity,
            provenance=provenance,
        )

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return int(self.expected.size)

    @property
    def n_scenarios(self) -> int:
        """Number of scenarios."""
        return int(self.weights.size)

    @property
    def step_h(self) -> float:
        """Length of a step. [h]"""
        return self.step / HOUR

    @property
    def index(self) -> "pd.DatetimeIndex":
        """Left edge of every step, in UTC, shape (n_steps,)."""
        import pandas as pd  # noqa: PLC0415 - a second of start-up most callers never need

        return pd.date_range(self.start, periods=self.n_steps, freq=self.step)

    def quantile(self, level: float) -> Array:
        """Values at `level`, linear between the levels held, shape (n_steps,).

        Outside the held levels the outermost quantile is returned: the forecast says nothing
        beyond it.
        """
        if not 0 < level < 1:
            raise ValueError(
                f"{self.variable}.quantile: level must be inside (0, 1), got {level}; "
                "use for example 0.1, 0.5 or 0.9"
            )
        place = float(np.interp(level, self.levels, np.arange(self.levels.size)))
        below = int(place)
        above = min(below + 1, self.levels.size - 1)
        share = place - below
        values: Array = (1 - share) * self.quantiles[below] + share * self.quantiles[above]
        return values

    def at(self, step: timedelta, *, shape: Sequence[float] | Array | None = None) -> Self:
        """The same forecast in steps of another length, with the same energy.

        Longer steps are means over blocks. For quantiles that is the quantile of the mean only
        when the hours of a block are high together: it never understates the spread. Shorter
        steps repeat, or follow `shape` inside each old step (for PV the clear-sky power), scaled
        so that the mean over each old step is unchanged; where `shape` is zero over a whole old
        step the value repeats.

        Args:
            step: New length; the old one must be a multiple of it, or it of the old one.
            shape: Non-negative weights on the new steps, when refining.
        """
        if step == self.step:
            return self
        if step > self.step:
            return self._coarsened(step)
        if step <= timedelta(0) or self.step % step:
            raise ValueError(
                f"{self.variable}.at: a step of {self.step} cannot be cut into {step}; "
                "choose a step that divides it"
            )
        return self._refined(self.step // step, step, shape)

    def _coarsened(self, step: timedelta) -> Self:
        block = step // self.step
        if step % self.step or self.n_steps % block:
            raise ValueError(
                f"{self.variable}.at: {self.n_steps} steps of {self.step} do not fill steps of "
                f"{step}; choose a multiple that divides the whole span"
            )

        def blocks(values: Array) -> Array:
            mean: Array = values.reshape(*values.shape[:-1], -1, block).mean(axis=-1)
            return mean

        return replace(
            self,
            step=step,
            quantiles=blocks(self.quantiles),
            expected=blocks(self.expected),
            scenarios=blocks(self.scenarios),
        )

    def _refined(self, parts: int, step: timedelta, shape: Sequence[float] | Array | None) -> Self:
        factor = np.ones((self.n_steps, parts))
        if shape is not None:
            wanted = np.asarray(shape, dtype=np.float64)
            if wanted.shape != (self.n_steps * parts,) or not (wanted >= 0).all():
                raise ValueError(
                    f"{self.variable}.at: shape must hold {self.n_steps * parts} non-negative "
                    f"values, got shape {wanted.shape}; give one for every new step"
                )
            cells = wanted.reshape(self.n_steps, parts)
            mean = cells.mean(axis=1, keepdims=True)
            np.divide(cells, mean, out=factor, where=mean > 0)

        def spread(values: Array) -> Array:
            fine: Array = (values[..., None] * factor).reshape(*values.shape[:-1], -1)
            return fine

        return replace(
            self,
            step=step,
            quantiles=spread(self.quantiles),
            expected=spread(self.expected),
            scenarios=spread(self.scenarios),
        )
