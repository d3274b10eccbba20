"""Errors of forecasts issued hour after hour: wrong by more the further ahead, and wrong alike.

A forecaster who is wrong about tomorrow noon is still wrong about it an hour later, by nearly as
much. Errors drawn afresh at each issue would let a planner average them away, and any rolling plan
would look better than it is.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.site import FloatArray

#: Correlation of the errors of neighbouring hours in one issue.
ALONG_HOURS = 0.95
#: Correlation of the errors of the same hour in issues an hour apart.
ALONG_ISSUES = 0.97
#: Standard deviation as a share of the series' mean, an hour ahead and from a day ahead on.
FIRST_SHARE, LAST_SHARE, LAST_LEAD_H = 0.02, 0.12, 24.0


def share_of_mean(lead_h: FloatArray) -> FloatArray:
    """Standard deviation of the error over the series' mean: 2 % at 1 h to 12 % at 24 h, then flat.

    >>> share_of_mean(np.array([1.0, 24.0, 48.0]))
    array([0.02, 0.12, 0.12])
    """
    return np.interp(lead_h, [1.0, LAST_LEAD_H], [FIRST_SHARE, LAST_SHARE])


@dataclass(slots=True, kw_only=True)
class ErrorField:
    """Standard normal errors by valid step, from one issue to the next.

    Along the steps of an issue and along the issues of a step it is an AR(1) process:

        u[i, v] = a u[i, v-1] + r u[i-1, v] - a r u[i-1, v-1] + sqrt((1 - a²)(1 - r²)) e[i, v]

    with a and r the correlations an hour apart, raised to the length of a step.

    Attributes:
        n_steps: Steps ahead that an issue speaks of.
        step_h: Length of a step, and of the time between issues. [h]
        rng: Where the randomness comes from.
    """

    n_steps: int
    step_h: float
    rng: np.random.Generator
    _now: FloatArray | None = None

    def issue(self) -> FloatArray:
        """Errors of the next issue, whose first step is one later; shape (n_steps,)."""
        along, across = ALONG_HOURS**self.step_h, ALONG_ISSUES**self.step_h
        fresh = self._along(along)
        if self._now is None:
            self._now = fresh
        else:
            kept = across * self._now[1:] + np.sqrt(1 - across**2) * fresh[:-1]
            entering = np.sqrt(1 - along**2) * self.rng.standard_normal()
            if self.n_steps > 1:
                entering += along * kept[-1]
            self._now = np.append(kept, entering)
        return self._now

    def _along(self, along: float) -> FloatArray:
        """A fresh AR(1) path over the steps of an issue."""
        from scipy.signal import lfilter  # noqa: PLC0415 - a third of a second of start-up

        noise = self.rng.standard_normal(self.n_steps)
        noise[1:] *= np.sqrt(1 - along**2)
        path: FloatArray = lfilter([1.0], [1.0, -along], noise)
        return path


@dataclass(slots=True, kw_only=True)
class Issuer:
    """Forecasts of one series that is known to the world alone.

    Attributes:
        truth: What comes true, shape (T,).
        field: Of its errors.
        mean: Of the series: the errors are shares of it.
        zero_stays: No error where the truth is 0, such as sun at night.
        scale: Multiplies every error. [1]
    """

    truth: FloatArray
    field: ErrorField
    mean: float
    zero_stays: bool = False
    scale: float = 1.0

    def issue(self, first: int) -> FloatArray:
        """The forecast of the steps from `first` on, as far as the truth and the field reach.

        Issues must be asked for one step after another.
        """
        truth = self.truth[first : first + self.field.n_steps]
        errors = self.field.issue()[: len(truth)]
        lead_h = np.arange(1, len(truth) + 1, dtype=np.float64) * self.field.step_h
        wrong = self.scale * self.mean * share_of_mean(lead_h) * errors
        if self.zero_stays:
            wrong = np.where(truth > 0, wrong, 0.0)
        return np.maximum(0.0, truth + wrong)
