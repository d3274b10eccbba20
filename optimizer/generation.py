"""Rounds of column generation: prices, what everyone would choose at them, what that proves.

Prices are smoothed between rounds (Wentges 1997), which keeps them from swinging.
"""

from dataclasses import dataclass

import numpy as np

from optimizer.bound import respond
from optimizer.fleet import Roster
from optimizer.master import Master
from optimizer.plan import Prices, ReservePrices
from optimizer.problem import Problem
from optimizer.replicas import Choices
from optimizer.site import FloatArray

SMOOTHING = 0.3


def blend(old: Prices, new: Prices, weight: float) -> Prices:
    """`weight` of the old prices, the rest of the new."""

    def mixed(name: str) -> FloatArray:
        value: FloatArray = weight * getattr(old, name) + (1 - weight) * getattr(new, name)
        return value

    return Prices(
        power_per_kwh=mixed("power_per_kwh"),
        gpu_per_gpu_h=mixed("gpu_per_gpu_h"),
        stored_per_kwh=mixed("stored_per_kwh"),
        peak_per_kw=mixed("peak_per_kw"),
        carbon_per_kg=weight * old.carbon_per_kg + (1 - weight) * new.carbon_per_kg,
        money_premium=weight * old.money_premium + (1 - weight) * new.money_premium,
        quality_per_request=tuple(
            weight * old.quality_of(v) + (1 - weight) * new.quality_of(v)
            for v in range(max(len(old.quality_per_request), len(new.quality_per_request)))
        ),
        reserve=_blend_reserve(old.reserve, new.reserve, weight),
    )


def _blend_reserve(
    old: ReservePrices | None, new: ReservePrices | None, weight: float
) -> ReservePrices | None:
    if old is None or new is None:
        return new
    return ReservePrices(
        power_per_kw=weight * old.power_per_kw + (1 - weight) * new.power_per_kw,
        energy_per_kw=weight * old.energy_per_kw + (1 - weight) * new.energy_per_kw,
    )


@dataclass(slots=True)
class Generation:
    """The state of column generation: the best prices so far and what they prove.

    Attributes:
        prices: Those of the best bound.
        bound: What they prove. [money]
        value: Of the last relaxed master. [money]
        added: Columns that the last round found missing.
        exact: Whether the last round asked at the master's own prices.
    """

    prices: Prices
    bound: float = -np.inf
    value: float = np.inf
    added: int = -1
    exact: bool = False

    def round(
        self,
        problem: Problem,
        master: Master,
        choices: tuple[Choices, ...],
        roster: Roster,
        *,
        time_limit_s: float,
    ) -> None:
        """Solve the master, ask everyone at its smoothed prices, keep the better bound.

        After a round that added nothing the master's own prices are asked: only they can tell that
        nothing is missing.
        """
        self.value, prices = master.relax(time_limit_s=time_limit_s)
        self.exact = self.added == 0
        if np.isfinite(self.bound) and not self.exact:
            prices = blend(self.prices, prices, SMOOTHING)
        response = respond(problem, prices, choices, roster)
        master.offer_response(response)
        self.added = len(master.waiting)
        if response.bound > self.bound:
            self.prices, self.bound = prices, response.bound
