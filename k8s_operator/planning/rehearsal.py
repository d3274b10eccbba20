"""A small question that the planner asks itself as it starts, while the cluster is being listed.

The first plan of a process imports what only planning needs and turns the search into machine
code; both would otherwise be taken out of the first real question's time. Its world is invented.
"""

from datetime import UTC, datetime, timedelta

from k8s_operator.planning.question import Ask, Mode, Question, SiteFacts

START = datetime(2026, 1, 5, tzinfo=UTC)
N_STEPS = 24
N_JOBS = 24
GPUS = 16


def rehearsal() -> Question:
    """Two sites whose carbon changes by the hour, and jobs enough that not all fit at once."""
    return Question(
        taken_at=START,
        start=START,
        step_min=60,
        n_steps=N_STEPS,
        expires_at=START + timedelta(hours=N_STEPS),
        world={
            "currency": "EUR",
            "policy": {
                "carbon_price_per_kg": 1,
                "unmet_price_per_kwh": 100,
                "unserved_price_per_request": 1,
                "late_price_per_gpu_h": 10,
                "unfinished_price_per_gpu_h": 100,
            },
        },
        sites=(_site("here", 700), _site("there", 500)),
        jobs=tuple(
            Ask(
                name=f"rehearsal/{number}",
                kind="contiguous",
                gpu_type="gpu",
                modes=(Mode(gpus=1 + number % 4, watts_per_gpu=1000),),
                work_h=1.0 + number % 3,
                release=START,
                due=START + timedelta(hours=N_STEPS),
                deadline=START + timedelta(hours=N_STEPS),
            )
            for number in range(N_JOBS)
        ),
        time_limit_s=20.0,
    )


def _site(name: str, carbon_g_per_kwh: int) -> SiteFacts:
    values = [str(carbon_g_per_kwh - 20 * (hour % 12)) for hour in range(N_STEPS)]
    return SiteFacts(
        name=name,
        spec={
            "latitudeDeg": "0",
            "longitudeDeg": "0",
            "timezone": "UTC",
            "jurisdiction": "MA",
            "grid": {
                "importLimitKw": {"constant": "100"},
                "tariff": {"pricePerKwh": {"constant": "0"}},
                "carbon": {
                    "gPerKwh": {
                        "start": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "stepMinutes": 60,
                        "values": values,
                    }
                },
            },
            "cooling": {"pue": "1"},
            "pools": [{"name": "gpu", "idleKwPerGpu": "0.1"}],
        },
        gpus={"gpu": GPUS},
    )
