"""Every cause a decision can have, in one closed list.

The same words stand in a job's condition, in events, metrics, the page and the simulator's log.
They are part of the API: never renamed. What only waits is told as `WaitReason` tells it, in the
same words.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something was decided for a job, the most severe first.

    Up to `LATEST_START_MISSED` a person is needed; the others are the ordinary course.
    """

    MISCONFIGURED = "Misconfigured"
    """What it asks for contradicts itself."""
    NO_ADMISSIBLE_SITE = "NoAdmissibleSite"
    """Law, certification or hardware leaves it no site, or not the one it runs at."""
    DEADLINE_UNREACHABLE = "DeadlineUnreachable"
    EXCEEDS_CAPACITY = "ExceedsCapacity"
    LATEST_START_MISSED = "LatestStartMissed"
    """It must start to keep its deadline, and no site has the room."""
    SUSPENDED_BY_USER = "SuspendedByUser"
    PAUSE_NOT_ALLOWED = "PauseNotAllowed"
    """The plan wants it elsewhere, narrower or later, but it may not be touched."""
    WAITING_FOR_CAPACITY = "WaitingForCapacity"
    WAITING_FOR_POWER = "WaitingForPower"
    WAITING_FOR_CLEANER_ENERGY = "WaitingForCleanerEnergy"
    PENDING_EVALUATION = "PendingEvaluation"
    """No plan speaks of it yet."""
    LATEST_START_REACHED = "LatestStartReached"
    RUN_NOW_ASKED = "RunNowAsked"
    PLAN_EXPIRED = "PlanExpired"
    """There is no plan, or none that still holds."""
    CLEANER_ENERGY_ELSEWHERE = "CleanerEnergyElsewhere"
    CLEANER_ENERGY_NOW = "CleanerEnergyNow"
    """It waited, and its planned time has come."""
    AS_PLANNED = "AsPlanned"
    """The plan has it run now, and it never had to wait."""
