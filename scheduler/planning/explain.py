"""Why a job runs when and where it does: every other start priced, all else held.

Exact for that job alone: the other placements, the batteries and the billed peaks stand still, and
each start is priced at the supply that would have to serve it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.planning.clauses import Clause, sentence


class WaitReason(StrEnum):
    """Why a job is not running, most severe first. Part of the API: never renamed."""

    MISCONFIGURED = "Misconfigured"
    DEADLINE_UNREACHABLE = "DeadlineUnreachable"
    EXCEEDS_CAPACITY = "ExceedsCapacity"
    WAITING_FOR_CAPACITY = "WaitingForCapacity"
    WAITING_FOR_POWER = "WaitingForPower"
    WAITING_FOR_CLEANER_ENERGY = "WaitingForCleanerEnergy"
    PENDING_EVALUATION = "PendingEvaluation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One possible start of a job: an unbroken run in its base mode, all else held.

    Attributes:
        site: Where.
        start: When.
        cost: Money for its energy, lease, transfer and water; None where it cannot start.
            [currency]
        emissions_kg: None where it cannot start. [kg CO2e]
        late_h: Hours after the soft deadline. [h]
        limit: What keeps it from starting; None where nothing does.
    """

    site: str
    start: datetime
    cost: float | None
    emissions_kg: float | None
    late_h: float
    limit: Clause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What was decided for a job, and what else could have been.

    Attributes:
        reason: Why it does not start at its release; None when it does, or when it is unfinished
            for a reason that needs no waiting.
        clauses: The same in words, with what it buys or what is in its way.
        chosen: The placement's own cost and emissions, at its first start.
        starts: Every possible start at every admissible site, by site and time.
        alternatives: What would change the decision, in words.
    """

    job: str
    reason: WaitReason | None
    clauses: tuple[Clause, ...]
    chosen: Start | None
    starts: tuple[Start, ...]
    alternatives: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The clauses as one sentence."""
        return sentence(self.clauses)
