"""How many replicas each site must have at least and may have at most. Pure: no cluster.

The floor carries the demand that comes in nineteen of twenty cases, at the weights that are and at
those to come; where the service must survive the loss of a site, the others carry all of it
already. The plan may say more, never less. Above the floor the autoscaler is free, by a headroom.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

ROUND_OFF = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a team allows at a site, in replicas."""

    floor: int
    ceiling: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an autoscaler is given.

    Attributes:
        above_plan: Replicas of the minimum that the plan did not have.
        short: Replicas that the demand needs and the ceiling does not allow.
    """

    least: int
    most: int
    above_plan: int = 0
    short: int = 0


def replicas_for(rps: float, capacity_rps: float) -> int:
    """Least number that carries so many requests.

    >>> replicas_for(30.0, 10.0), replicas_for(30.1, 10.0), replicas_for(0.0, 10.0)
    (3, 4, 0)
    """
    return ceil(rps / capacity_rps - ROUND_OFF)


def bounds(
    allowed: Mapping[str, Range],
    *,
    planned: Mapping[str, int],
    shares: Mapping[str, float],
    high_rps: float,
    capacity_rps: float,
    survives_loss_at: frozenset[str],
    lost: frozenset[str] = frozenset(),
    headroom: float = 0.0,
) -> dict[str, Bounds]:
    """The bounds of each site.

    Args:
        allowed: By site, all that are bounded.
        planned: Replicas of the plan.
        shares: Of all requests by site, the larger of what is and what is wanted. [0..1]
        high_rps: Demand that is not exceeded in nineteen of twenty cases. [1/s]
        capacity_rps: Of a replica. [1/s]
        survives_loss_at: Sites that answer for each other; none where it need not be.
        lost: Sites that answer no more; their bounds are the team's own floor.
        headroom: Share by which an autoscaler may go above its minimum. [1]
    """
    need = {
        name: 0 if name in lost else replicas_for(high_rps * shares.get(name, 0.0), capacity_rps)
        for name in allowed
    }
    held = {
        name: _within(one, max(need[name], 0 if name in lost else planned.get(name, 0)))
        for name, one in allowed.items()
    }
    together = sorted(survives_loss_at & allowed.keys() - lost)
    all_of_it = replicas_for(high_rps, capacity_rps)
    if len(together) > 1:
        for gone in together:
            others = [name for name in together if name != gone]
            missing = all_of_it - sum(held[name] for name in others)
            # The least used of them first: where the room under the ceiling is largest.
            for name in sorted(others, key=lambda one: held[one] - allowed[one].ceiling):
                more = min(max(0, missing), allowed[name].ceiling - held[name])
                held[name] += more
                missing -= more
    return {
        name: Bounds(
            least=held[name],
            most=min(one.ceiling, ceil(held[name] * (1 + headroom) - ROUND_OFF)),
            above_plan=max(0, held[name] - max(planned.get(name, 0), one.floor)),
            short=max(0, need[name] - one.ceiling),
        )
        for name, one in allowed.items()
    }


def _within(one: Range, replicas: int) -> int:
    return min(one.ceiling, max(one.floor, replicas))
