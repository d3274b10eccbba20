"""Forecast errors grow with the lead and stay alike from issue to issue."""

import numpy as np
import pytest

from scheduler.simulation.errors import ErrorField, Issuer, share_of_mean

N_ISSUES, WINDOW = 4000, 30


@pytest.fixture(scope="module")
def issues():
    """Errors by issue and lead, over the mean of the series."""
    field = ErrorField(n_steps=WINDOW, step_h=1.0, rng=np.random.default_rng(1))
    return np.array([field.issue() for _ in range(N_ISSUES)])


def of_the_same_hour(issues, lead, apart):
    """Errors of an hour `lead` steps ahead, and of the same hour as seen `apart` issues before."""
    return issues[apart:, lead], issues[: N_ISSUES - apart, lead + apart]


def test_the_error_grows_from_two_to_twelve_percent_in_a_day():
    leads = np.array([1.0, 12.5, 24.0, 40.0])
    assert share_of_mean(leads) == pytest.approx([0.02, 0.07, 0.12, 0.12])


@pytest.mark.parametrize("lead", [0, 12, 29])
def test_errors_are_standard_normal_at_every_lead(issues, lead):
    assert issues[:, lead].mean() == pytest.approx(0, abs=0.25)
    assert issues[:, lead].std() == pytest.approx(1, abs=0.12)


def test_issues_an_hour_apart_share_their_error_of_the_same_hour(issues):
    now, before = of_the_same_hour(issues, 10, 1)
    assert np.corrcoef(now, before)[0, 1] == pytest.approx(0.97, abs=0.01)


def test_neighbouring_hours_of_an_issue_are_wrong_alike(issues):
    assert np.corrcoef(issues[:, 10], issues[:, 11])[0, 1] == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("lead_h", [2, 12, 24])
def test_averaging_the_last_issues_gains_less_than_five_percent(issues, lead_h):
    several = [
        share_of_mean(np.array([lead_h + apart]))[0]
        * issues[6 - apart : N_ISSUES - apart, lead_h - 1 + apart]
        for apart in range(6)
    ]
    assert np.mean(several, axis=0).std() > 0.95 * several[0].std()


def test_no_error_at_night_and_nothing_below_zero():
    truth = np.tile([0.0, 0.0, 1.0, 5.0], 50)
    field = ErrorField(n_steps=8, step_h=1.0, rng=np.random.default_rng(0))
    issuer = Issuer(truth=truth, field=field, mean=100.0, zero_stays=True)
    for first in range(100):
        issued = issuer.issue(first)
        assert (issued[truth[first : first + 8] == 0] == 0).all()
        assert issued.min() >= 0


def test_without_errors_the_truth_is_forecast():
    truth = np.array([3.0, 1.0, 2.0])
    field = ErrorField(n_steps=3, step_h=1.0, rng=np.random.default_rng(0))
    issuer = Issuer(truth=truth, field=field, mean=2.0, scale=0.0)
    assert issuer.issue(0) == pytest.approx(truth)
