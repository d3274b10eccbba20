"""A series as its day, week and year, and what is left as an autoregression: the readable model.

Every coefficient has a name, an error that allows for hours that hang together, and a test of what
it left unexplained, so the model says what a record is made of before any tree is grown on it.
statsmodels does the statistics; importing it costs seconds, so it is imported when first asked.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.steps import Array

LAGS_H = (1, 2, 3, 24)
"""Hours back that the remainder is regressed on. [h]"""

DAY_H, WEEK_H, YEAR_H = 24, 168, 8766

_CYCLES = (("day", DAY_H, 4), ("week", WEEK_H, 3), ("year", YEAR_H, 2))
_HAC_LAGS_H = 24
_LEAST_CYCLES = 2
_LONGEST_FILL_H = 3
_EDGE = 0.005
_BOX_LAGS = 24
_TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where values are nearly normal: logit between two bounds, log above one, else as they are.

    Attributes:
        lower: Least possible value.
        upper: Largest possible value.
        unit: Typical size of a value above one bound only.
    """

    lower: float
    upper: float
    unit: float = 1.0

    def to(self, values: Array) -> Array:
        """From the record's unit."""
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            share = (values - self.lower) / (self.upper - self.lower)
            share = np.clip(share, _EDGE, 1 - _EDGE)
            logit: Array = np.log(share / (1 - share))
            return logit
        if np.isfinite(self.lower):
            log: Array = np.log(np.maximum((values - self.lower) / self.unit, _EDGE))
            return log
        return values / self.unit

    def back(self, scaled: Array) -> Array:
        """To the record's unit."""
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            share = 1 / (1 + np.exp(-scaled))
            share = np.clip((share - _EDGE) / (1 - 2 * _EDGE), 0, 1)
            bounded: Array = self.lower + share * (self.upper - self.lower)
            return bounded
        if np.isfinite(self.lower):
            positive: Array = self.lower + self.unit * np.exp(scaled)
            return positive
        return scaled * self.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one cycle of a record amounts to.

    Attributes:
        name: day, week or year.
        share: Of the variance of the record, on the scale it is modelled on. [0..1]
        p_value: Chance of as much if there were no such cycle, with HAC errors.
    """

    name: str
    share: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a record is made of.

    Attributes:
        parts: Its cycles.
        memory_h: Hours after which half of a departure from them is gone; infinite if none goes.
        box_p_value: Ljung–Box over a day: chance of what is left being noise.
        hours: Known hours looked at.
    """

    parts: tuple[Part, ...]
    memory_h: float
    box_p_value: float
    hours: int

    def in_words(self) -> str:
        """One sentence a part."""
        said = [
            f"{part.share:.0%} of its variance is the {part.name}"
            + (" (not told from chance)" if part.p_value > 0.05 else "")  # noqa: PLR2004 - usual
            for part in self.parts
        ]
        half = f"half gone after {self.memory_h:.0f} h" if self.memory_h < YEAR_H else "lasting"
        rest = "noise" if self.box_p_value > 0.05 else "not yet noise"  # noqa: PLR2004 - usual
        return (
            f"{self.hours} h known; {'; '.join(said)}; a departure from them is {half}; "
            f"what is left is {rest} (Ljung–Box over a day, p = {self.box_p_value:.2g})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonicRegression:
    """The recipe.

    Attributes:
        lower: Least possible value.
        upper: Largest possible value.
    """

    lower: float = -np.inf
    upper: float = np.inf

    def fit(self, history: pd.Series) -> "FittedHarmonics":
        """Learn from an hourly record by left edge in UTC, none left out; NaN where unknown."""
        from statsmodels.regression.linear_model import OLS  # noqa: PLC0415 - seconds of start-up
        from statsmodels.tsa.ar_model import AutoReg  # noqa: PLC0415 - as above

        known = history.notna().to_numpy()
        if known.sum() < _LEAST_CYCLES * DAY_H:
            raise ValueError(
                f"harmonics: must have {_LEAST_CYCLES * DAY_H} known hours, got {known.sum()}; "
                "use a lower rung"
            )
        unit = float(np.nanmedian(np.abs(history))) or 1.0
        scale = Scale(lower=self.lower, upper=self.upper, unit=unit)
        y = scale.to(history.to_numpy(dtype=np.float64))
        cycles = tuple(one for one in _CYCLES if len(history) >= _LEAST_CYCLES * one[1])
        origin = pd.Timestamp(history.index[0])
        design = _design(pd.DatetimeIndex(history.index), origin, cycles)
        harmonics = OLS(y[known], design[known]).fit(
            cov_type="HAC", cov_kwds={"maxlags": _HAC_LAGS_H}
        )
        rest = pd.Series(y - design @ harmonics.params, index=history.index)
        filled = rest.ffill(limit=_LONGEST_FILL_H).fillna(0.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an index whose frequency does not matter here
            memory = AutoReg(filled.to_numpy(), lags=list(LAGS_H), trend="n").fit()
        return FittedHarmonics(
            scale=scale,
            origin=origin,
            cycles=cycles,
            harmonics=harmonics,
            lags=np.asarray(memory.params, dtype=np.float64),
            noise=np.asarray(memory.resid, dtype=np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedHarmonics:
    """Coefficients of the cycles and of the memory.

    Attributes:
        scale: They hold on.
        origin: Left edge from which cycles are counted.
        cycles: Name, length and number of harmonics of each.
        harmonics: Results of statsmodels, with HAC errors.
        lags: Coefficients of `LAGS_H`.
        noise: One-hour errors of the autoregression.
    """

    scale: Scale
    origin: pd.Timestamp
    cycles: tuple[tuple[str, int, int], ...]
    harmonics: Any
    lags: Array
    noise: Array

    def quantiles(self, history: pd.Series, leads_h: Sequence[int], levels: Array) -> Array:
        """Of the hours after `history`, shape (Q, leads); lead 1 is the first of them."""
        last = max(LAGS_H)
        index = pd.date_range(
            history.index[-1] - pd.Timedelta(hours=last - 1), periods=last + max(leads_h), freq="h"
        )
        course = _design(index, self.origin, self.cycles) @ self.harmonics.params
        seen = self.scale.to(history.reindex(index[:last]).to_numpy(dtype=np.float64))
        rest = pd.Series(seen - course[:last]).ffill(limit=_LONGEST_FILL_H).fillna(0.0)
        path = np.append(rest.to_numpy(), np.zeros(max(leads_h)))
        for step in range(last, path.size):
            path[step] = sum(c * path[step - lag] for c, lag in zip(self.lags, LAGS_H, strict=True))
        spread = np.sqrt(np.cumsum(self._response(max(leads_h)) ** 2))
        at = np.array(leads_h) - 1
        standard = np.quantile(self.noise, levels, method="hazen")
        middle = (course + path)[last:][at]
        return self.scale.back(middle[None] + standard[:, None] * spread[at][None])

    def diagnosis(self) -> Diagnosis:
        """What the record is made of."""
        from statsmodels.stats.diagnostic import acorr_ljungbox  # noqa: PLC0415 - as above

        model = self.harmonics.model
        total = max(float(np.var(model.endog)), _TINY)
        parts, first = [], 1
        for name, _, order in self.cycles:
            columns = slice(first, first + 2 * order)
            first += 2 * order
            share = float(np.var(model.exog[:, columns] @ self.harmonics.params[columns])) / total
            pick = np.eye(model.exog.shape[1])[columns]
            test = self.harmonics.wald_test(pick, scalar=True, use_f=False)
            parts.append(Part(name=name, share=share, p_value=float(test.pvalue)))
        box = acorr_ljungbox(self.noise, lags=[_BOX_LAGS])
        response = np.abs(self._response(YEAR_H // 12))
        gone = np.flatnonzero(response < 0.5)  # noqa: PLR2004 - half
        return Diagnosis(
            parts=tuple(parts),
            memory_h=float(gone[0]) if gone.size else np.inf,
            box_p_value=float(box["lb_pvalue"].iloc[0]),
            hours=int(model.nobs),
        )

    def _response(self, n_hours: int) -> Array:
        """What is left of a shock after 0, 1, 2 … hours."""
        response = np.zeros(n_hours)
        response[0] = 1.0
        for step in range(1, n_hours):
            response[step] = sum(
                c * response[step - lag]
                for c, lag in zip(self.lags, LAGS_H, strict=True)
                if lag <= step
            )
        return response


def _design(
    index: pd.DatetimeIndex, origin: pd.Timestamp, cycles: Sequence[tuple[str, int, int]]
) -> Array:
    """A constant and the harmonics of each cycle, a row an hour."""
    from statsmodels.tsa.deterministic import DeterministicProcess, Fourier  # noqa: PLC0415

    # Counted from the origin, so that a forecast's hours fall where the record left off.
    hours = ((index - origin) // pd.Timedelta("1h")).to_numpy()
    terms = [Fourier(period=length, order=order) for _, length, order in cycles]
    process = DeterministicProcess(
        pd.RangeIndex(int(hours.max()) + 1), constant=True, order=0, additional_terms=terms
    )
    design: Array = process.in_sample().to_numpy(dtype=np.float64)[hours]
    return design
