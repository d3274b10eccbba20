"""How a route's weights go from where they are to where the plan wants them. Pure: no cluster.

A planned step moves at most 20 of 100 points, and nothing to a site whose replicas are not ready
for it. Only the loss of a site moves everything at once. The sum never changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

Weights = Mapping[str, int]
LARGEST_STEP = 0.2
#: Below it a single point would be more than the largest step.
LEAST_SUM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Where the weights go next.

    Attributes:
        weights: By site; their sum is what it was.
        failover: Whether it empties lost sites, at once.
        waits_for: Sites that would get more if more of their replicas were ready.
    """

    weights: dict[str, int]
    failover: bool = False
    waits_for: tuple[str, ...] = ()


def apportioned(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole weights nearest to `shares`, by largest remainders; they sum to `total`.

    >>> apportioned({"a": 2.0, "b": 1.0}, 100)
    {'a': 67, 'b': 33}
    """
    all_of_them = sum(shares.values())
    exact = {name: total * share / all_of_them for name, share in shares.items()}
    whole = {name: floor(value) for name, value in exact.items()}
    order = sorted(exact, key=lambda name: (whole[name] - exact[name], name))
    for name in order[: total - sum(whole.values())]:
        whole[name] += 1
    return whole


def moved(before: Weights, after: Weights) -> float:
    """Share of all requests that go elsewhere.

    >>> moved({"a": 60, "b": 40}, {"a": 40, "b": 60})
    0.2
    """
    return sum(abs(after[name] - before[name]) for name in before) / 2 / sum(before.values())


def shift(
    now: Weights,
    wanted: Mapping[str, float],
    *,
    lost: frozenset[str],
    most_share: Mapping[str, float],
    closed: frozenset[str] = frozenset(),
) -> Shift:
    """The next step.

    Args:
        now: Weights as they are, by site.
        wanted: Shares of the requests by site; any scale.
        lost: Sites that answer no more: they get nothing.
        most_share: Of all requests, what each site's ready replicas can answer.
        closed: Sites the service must not go to, whatever fails; what they have they lose in
            planned steps.
    """
    total = sum(now.values())
    open_to = {name: wanted.get(name, 0.0) for name in now if name not in lost | closed}
    if not open_to:
        return Shift(weights=dict(now))
    if any(now[name] for name in now if name in lost):
        return Shift(weights=_without(now, open_to, most_share, lost), failover=True)
    if not sum(open_to.values()):
        return Shift(weights=dict(now))
    goal = dict.fromkeys(now, 0) | apportioned(open_to, total)
    rises = {name: goal[name] - now[name] for name in now if goal[name] > now[name]}
    room = {
        name: max(0, min(rise, floor(most_share.get(name, 0.0) * total + 1e-9) - now[name]))
        for name, rise in rises.items()
    }
    short = tuple(sorted(name for name, rise in rises.items() if room[name] < rise))
    budget = min(floor(LARGEST_STEP * total + 1e-9), sum(room.values()))
    after = dict(now)
    for name, more in _spread(room, budget).items():
        after[name] += more
    falls = {name: now[name] - goal[name] for name in now if goal[name] < now[name]}
    for name, less in _spread(falls, budget).items():
        after[name] -= less
    return Shift(weights=after, waits_for=short)


def _without(
    now: Weights,
    open_to: Mapping[str, float],
    most_share: Mapping[str, float],
    lost: frozenset[str],
) -> dict[str, int]:
    """All weight of the lost sites to the others, by what each can answer beside what it does."""
    total = sum(now.values())
    free = {name: max(0.0, most_share.get(name, 0.0) * total - now[name]) for name in open_to}
    gone = sum(now[name] for name in now if name in lost)
    if not sum(free.values()):
        # Nobody has room: by what each was meant to have, else evenly.
        free = dict(open_to) if sum(open_to.values()) else dict.fromkeys(open_to, 1.0)
    extra = apportioned(free, gone)
    return {name: 0 if name in lost else now[name] + extra.get(name, 0) for name in now}


def _spread(most: Mapping[str, int], budget: int) -> dict[str, int]:
    """`budget` over those with room, in proportion to it, never more than it."""
    if not budget or not sum(most.values()):
        return dict.fromkeys(most, 0)
    return apportioned(most, min(budget, sum(most.values())))
