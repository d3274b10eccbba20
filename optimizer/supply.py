"""What one more kilowatt costs around the best dispatch of a load: what a search asks for.

One dispatch where supply is sure; one for each future where it is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from optimizer.dispatcher import Dispatcher
from optimizer.merit_order import Leeway, MeritOrder
from optimizer.plan import Dispatch
from optimizer.problem import Problem
from optimizer.site import FloatArray

#: Of the demand charge, what a step above peaks that count as billed costs meanwhile.
PEAK_SHARE = 0.15
#: Energy flows by site, in each future there may be.
Dispatches = tuple[Mapping[str, Dispatch], ...]


class Supply(Protocol):
    """Energy under any load, and supply curves around it."""

    def dispatch(self, facility_kw: FloatArray, *, time_limit_s: float) -> Dispatches:
        """Best energy flows under `facility_kw`, shape (S, T). [kW]"""
        ...

    def curves(
        self, facility_kw: FloatArray, billed: Dispatches | None, *, time_limit_s: float
    ) -> tuple[float, MeritOrder]:
        """The cost of the best dispatch [money], and supplies around it, batteries giving way.

        Args:
            facility_kw: Shape (S, T). [kW]
            billed: Whose peaks count as reached already; those of the dispatch itself by default.
            time_limit_s: Of each solve. [s]
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SureSupply:
    """The supply of one problem.

    Attributes:
        dispatcher: Of the problem.
    """

    problem: Problem
    dispatcher: Dispatcher

    def dispatch(self, facility_kw: FloatArray, *, time_limit_s: float) -> Dispatches:
        """As of `Supply`."""
        return (self.dispatcher.solve(facility_kw, time_limit_s=time_limit_s)[1],)

    def curves(
        self, facility_kw: FloatArray, billed: Dispatches | None, *, time_limit_s: float
    ) -> tuple[float, MeritOrder]:
        """As of `Supply`."""
        cost, dispatch, prices = self.dispatcher.solve(facility_kw, time_limit_s=time_limit_s)
        leeway = Leeway(
            stored_per_kwh=prices.stored_per_kwh,
            billed=billed[0] if billed else dispatch,
            peak_share=PEAK_SHARE if billed else 1.0,
            reserve=prices.reserve,
        )
        return cost, MeritOrder.of(self.problem, dispatch, prices.carbon_per_kg, leeway)
