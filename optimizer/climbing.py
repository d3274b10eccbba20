"""How long to climb: of many jobs a sample first, then all of them."""

from typing import Protocol

import numpy as np

from optimizer.fleet import Roster

#: Rounds of a climb from nowhere.
ROUNDS = 60
#: Of more jobs than this a sample climbs first.
MOST_SAMPLED, SAMPLE, SAMPLE_ROUNDS = 4000, 2000, 40
#: Rounds that go on from good prices, and what their first steps are against those from nowhere.
LAST_ROUNDS, LAST_STEP = 25, 0.4
#: Of the time limit, for climbs that a plan is still to be made from.
CLIMB_SHARE = 0.5


class Climber(Protocol):
    """An ascent of some bound."""

    def climb(
        self, roster: Roster, weight: float, n_rounds: int, share_of_step: float = 1.0
    ) -> None:
        """Climb by some rounds, each job of `roster` counted `weight` times."""
        ...


def climb_from_nowhere(
    climber: Climber, roster: Roster, rng: np.random.Generator, n_rounds: int = ROUNDS
) -> None:
    """Climb by `n_rounds`; where there are many jobs, a sample of them first.

    Args:
        climber: What climbs.
        roster: All jobs.
        rng: Draws the sample.
        n_rounds: Where all jobs climb from the beginning.
    """
    n_jobs = len(roster.jobs)
    if n_jobs <= MOST_SAMPLED:
        climber.climb(roster, 1.0, n_rounds)
        return
    sample = np.sort(rng.choice(n_jobs, SAMPLE, replace=False))
    climber.climb(roster.some(sample), n_jobs / SAMPLE, SAMPLE_ROUNDS)
    climber.climb(roster, 1.0, LAST_ROUNDS, LAST_STEP)
