"""Labels for jobs so that each label gets its share of the GPU-hours.

Jobs differ in size by a factor of hundreds, so shares of jobs say little of shares of work.
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def split(
    weights: FloatArray, shares: FloatArray, allowed: BoolArray, rng: np.random.Generator
) -> IntArray:
    """A label for each weight, so that each label's sum is near its share of the whole.

    The heaviest choose first, at random in proportion to what a label still lacks; then single
    weights move while that brings the sums nearer.

    Args:
        weights: What each item counts, shape (n,).
        shares: Share of each label, together 1, shape (k,).
        allowed: Which labels each item may have, at least one, shape (n, k).
        rng: Source of chance.
    """
    lacking = shares * weights.sum()
    labels = np.zeros(len(weights), dtype=np.int64)
    for item in np.argsort(-weights, kind="stable"):
        chances = np.where(allowed[item] & (lacking >= weights[item]), lacking, 0.0)
        if chances.sum() <= 0:
            label = int(np.argmax(np.where(allowed[item], lacking, -np.inf)))
        else:
            label = int(rng.choice(len(shares), p=chances / chances.sum()))
        labels[item] = label
        lacking[label] -= weights[item]
    return _moved(weights, labels, lacking, allowed)


def _moved(
    weights: FloatArray, labels: IntArray, lacking: FloatArray, allowed: BoolArray
) -> IntArray:
    """Move one weight at a time to where it lowers the sum of squared errors most."""
    items = np.arange(len(weights))
    for _ in range(len(weights)):
        # Moving w from label a to b turns errors e_a, e_b into e_a + w, e_b - w.
        change = 2 * weights[:, None] * (weights[:, None] + lacking[labels][:, None] - lacking)
        change[~allowed] = np.inf
        change[items, labels] = 0.0
        item, label = np.unravel_index(int(np.argmin(change)), change.shape)
        if change[item, label] >= 0:
            break
        lacking[labels[item]] += weights[item]
        lacking[label] -= weights[item]
        labels[item] = label
    return labels


def trimmed(
    widths: IntArray, lengths: IntArray, lacking: FloatArray, labels: IntArray, most: IntArray
) -> IntArray:
    """`lengths` changed by a step each, narrow items first, until no label lacks a narrow one.

    Args:
        widths: What one step more of an item counts, shape (n,).
        lengths: Steps of each item, at least 1, shape (n,).
        lacking: What each label lacks, or has too much of, in widths x lengths, shape (k,).
        labels: Label of each item, shape (n,).
        most: Largest length of each item, shape (n,).
    """
    lengths, lacking = lengths.copy(), lacking.copy()
    changed = True
    while changed:
        changed = False
        for item in np.argsort(widths, kind="stable"):
            error = lacking[labels[item]]
            step = int(np.sign(error))
            fits = 1 <= lengths[item] + step <= most[item]
            if abs(error) > widths[item] / 2 and fits:
                lengths[item] += step
                lacking[labels[item]] -= step * widths[item]
                changed = True
    return lengths
