"""What is wrong with what a job says of others, and of the time before the horizon."""

import pytest


@pytest.mark.parametrize(
    ("line", "instead", "expected"),
    [
        pytest.param(
            "      work_h: 6\n",
            "      work_h: 6\n      running_at: osol\n",
            'small.yaml:70:7: jobs.list.train.running_at: no site is called "osol"; '
            "did you mean oslo?",
            id="running at a site that is none",
        ),
        pytest.param(
            "      work_h: 6\n",
            "      work_h: 6\n      after: [trian]\n",
            'small.yaml:70:15: jobs.list.train.after.0: no job is called "trian"; '
            "did you mean train?",
            id="after a job that is none",
        ),
        pytest.param(
            "      work_h: 6\n",
            "      work_h: 6\n      after: [train]\n",
            "small.yaml:70:7: jobs.list.train.after: goes in a circle among train; "
            "take one of them out",
            id="after itself",
        ),
    ],
)
def test_one_mistake_is_one_problem_with_its_place_and_repair(refusal, line, instead, expected):
    assert refusal({line: instead}) == [expected]
