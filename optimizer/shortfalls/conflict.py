"""The nouns: a wish that was not met, the constraints that force that, what would cure it.

Steps are numbers of the horizon's steps, so that a reader may write them as instants of his own.
"""

from dataclasses import dataclass
from enum import StrEnum


class Wish(StrEnum):
    """What was asked for. Part of the API: never renamed."""

    FINISHED = "finished"
    ON_TIME = "on-time"
    SERVED = "served"
    PROTECTED = "protected"
    POWERED = "powered"
    CARBON_BUDGET = "carbon-budget"


class Cause(StrEnum):
    """What it takes to force a shortfall. Part of the API: never renamed.

    ALONE: the wish cannot be met in an otherwise empty world. BESIDE: it cannot be met beside what
    else the plan holds where it is. PRICE: no limit forces it; meeting it costs more elsewhere.
    """

    ALONE = "alone"
    BESIDE = "beside"
    PRICE = "price"


class Limit(StrEnum):
    """A kind of constraint that can be lifted on its own. Part of the API: never renamed.

    Subject and amount of a constraint follow its kind, as `Constraint` says.
    """

    WORK = "work"
    DEADLINE = "deadline"
    RELEASE = "release"
    RUNNING = "running"
    RESIDENCY = "residency"
    CERTIFICATION = "certification"
    ALLOWED_SITES = "allowed-sites"
    TRANSFER = "transfer"
    UNBROKEN = "unbroken"
    RESUME = "resume"
    WHOLE_NODES = "whole-nodes"
    AFTER = "after"
    POOL = "pool"
    POWER = "power"
    LATENCY = "latency"
    REDUNDANCY = "redundancy"
    GRID = "grid"
    GENERATOR = "generator"
    BATTERY = "battery"
    PLANT = "plant"
    OTHER_WORK = "other-work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint by its kind and what it is of.

    Attributes:
        limit: Its kind.
        subject: Another job (after, other work), a service (other work), a site (power,
            redundancy), a plant (plant); empty where there is but one.
        first_step: Of other work, where it first stands in the way; None elsewhere.
        end_step: Number of the step after its last likewise.
        amount: Other work: most GPUs it holds there, or kW it draws where power is the wish, or
            kg CO2e it emits at least where carbon is; grid, generator, plant: most kW it gives in
            those hours; battery: kWh it holds; after: hours from the horizon's start to the end
            of that job, None where it is left unfinished. None elsewhere.
    """

    limit: Limit
    subject: str = ""
    first_step: int | None = None
    end_step: int | None = None
    amount: float | None = None


class Remedy(StrEnum):
    """A way to meet the wish. Part of the API: never renamed."""

    END_LATER = "end-later"
    RELEASE_EARLIER = "release-earlier"
    FEWER_GPUS = "fewer-gpus"
    MORE_GPUS = "more-gpus"
    MORE_POWER = "more-power"
    ADMIT_SITE = "admit-site"
    ALLOW_PAUSES = "allow-pauses"
    SHARE_NODES = "share-nodes"
    NOT_AFTER = "not-after"
    WITHOUT = "without"
    LATENCY_BUDGET = "latency-budget"
    CARBON_BUDGET = "larger-budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """One change that, all else as it is, would do; the least of its kind.

    Attributes:
        remedy: Its kind.
        subject: Site, job or service; empty where there is but one.
        amount: End later: hours from the horizon's start; release earlier: likewise; fewer GPUs:
            so many at most; more GPUs and more power: so many, kW, at least; latency budget: ms;
            larger budget: kg CO2e. None elsewhere.
    """

    remedy: Remedy
    subject: str = ""
    amount: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A wish that a plan leaves unmet, and why.

    Attributes:
        wish: What was asked for.
        subject: Of whom: a job, a service, a site; empty for the whole horizon.
        amount: Hours late, hours of work undone, requests, kWh or kg CO2e, by the wish.
        cost: What the shortfall costs in the plan. [money]
        cause: Whether limits force it, and in which world.
        constraints: Those alone force it, and none of them may be missing; none where the cause is
            the price.
        cures: The least changes found, each enough alone.
        first_step: First step of the shortfall; None for jobs and budgets.
        end_step: Number of the step after its last; likewise.
        extra_cost: Where the cause is the price, what meeting the wish would add on the margin of
            the plan, what it spares apart; None where the margin does not tell. [money]
    """

    wish: Wish
    subject: str
    amount: float
    cost: float
    cause: Cause
    constraints: tuple[Constraint, ...] = ()
    cures: tuple[Cure, ...] = ()
    first_step: int | None = None
    end_step: int | None = None
    extra_cost: float | None = None
