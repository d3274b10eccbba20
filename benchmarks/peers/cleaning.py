"""A forecast with the noise taken out that it carries itself.

Independent errors lie in every frequency alike, carbon intensity in few: a Wiener filter keeps of
each frequency the share that is not noise (Wiener 1949). It knows the size of the forecaster's
published error, and nothing of the truth.
"""

import numpy as np

from optimizer.site import FloatArray

#: Neighbouring frequencies whose mean tells the power at one: at least, and of its own number.
LEAST_NEIGHBOURS, NEIGHBOUR_SHARE = 3, 0.01


def cleaned(forecast: FloatArray, error: float) -> FloatArray:
    """`forecast` without independent errors of standard deviation `error`.

        kept(f) = max(0, 1 - error² / power(f))

    Args:
        forecast: Shape (T,).
        error: In the unit of the forecast.
    """
    n, mean = len(forecast), float(forecast.mean())
    spectrum = np.fft.rfft(forecast - mean)
    power = np.abs(spectrum) ** 2 / n
    number = np.arange(len(power))
    half = np.maximum(LEAST_NEIGHBOURS, (number * NEIGHBOUR_SHARE).astype(np.int64))
    first, last = np.maximum(0, number - half), np.minimum(len(power), number + half + 1)
    sums = np.append(0.0, np.cumsum(power))
    around = (sums[last] - sums[first]) / (last - first)
    kept = np.clip(1 - error**2 / np.maximum(around, 1e-12), 0.0, 1.0)
    clean: FloatArray = np.fft.irfft(spectrum * kept, n) + mean
    return clean
