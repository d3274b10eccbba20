"""Scores give the numbers one gets by hand."""

import numpy as np
import pytest
from scipy.special import ndtri

from forecasting.scores import coverage, crps_from_quantiles, pinball, pit

LEVELS = np.array([0.1, 0.5, 0.9])


def column(*values):
    return np.array(values, dtype=float)[:, None]


def test_pinball_charges_a_truth_above_by_the_level_and_below_by_the_rest():
    loss = pinball(np.array([10.0]), column(6, 10, 12), LEVELS)
    assert loss[:, 0] == pytest.approx([0.4, 0.0, 0.2])


def test_crps_of_a_certain_forecast_is_the_absolute_error():
    levels = np.arange(1, 100) / 100
    score = crps_from_quantiles(np.array([7.0]), np.full((99, 1), 4.0), levels)
    assert score == pytest.approx([3.0])


def test_crps_of_a_standard_normal_at_its_middle_is_the_known_value():
    # (sqrt(2) − 1) / sqrt(pi) for N(0, 1) and a truth of 0
    levels = (np.arange(2000) + 0.5) / 2000
    score = crps_from_quantiles(np.zeros(1), ndtri(levels)[:, None], levels)
    assert score == pytest.approx([(np.sqrt(2) - 1) / np.sqrt(np.pi)], rel=1e-3)


@pytest.mark.parametrize(
    ("truth", "quantiles", "probability"),
    [
        pytest.param(5, (4, 5, 6), 0.5, id="at a quantile its level"),
        pytest.param(5.5, (4, 5, 6), 0.7, id="half way between two"),
        pytest.param(1, (4, 5, 6), 0.05, id="below all the middle of the tail"),
        pytest.param(9, (4, 5, 6), 0.95, id="above all the middle of the tail"),
        pytest.param(0, (0, 0, 0), 0.5, id="a night of zeros the middle of all"),
        pytest.param(0, (0, 0, 6), 0.25, id="a point mass below the middle of its span"),
        pytest.param(8, (4, 8, 8), 0.75, id="a point mass above the middle of its span"),
        pytest.param(5, (4, 5, 5), 0.75, id="at capacity the middle of the upper half"),
    ],
)
def test_the_pit_is_the_probability_given_to_values_up_to_the_truth(truth, quantiles, probability):
    assert pit(np.array([float(truth)]), column(*quantiles), LEVELS) == pytest.approx([probability])


def test_a_random_pit_of_a_point_mass_is_uniform_in_its_span():
    rng = np.random.default_rng(1)
    values = pit(np.zeros(2000), np.zeros((3, 2000)), LEVELS, rng=rng)
    assert values.min() >= 0
    assert values.max() <= 1
    assert values.mean() == pytest.approx(0.5, abs=0.03)


def test_coverage_counts_truths_inside_the_band_edges_included():
    truths = np.array([0.0, 1.0, 2.0, 3.0])
    assert coverage(truths, np.full(4, 1.0), np.full(4, 2.0)) == 0.5
