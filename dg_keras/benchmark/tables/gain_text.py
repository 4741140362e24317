"""A gain as tables and figures write it."""

from dg_keras.benchmark.gain import Gain


def gain_text(gain: Gain) -> str:
    """The gain and its interval in percent points: "+1.1 (-1.2, +3.2)"."""
    mean = f"{100 * gain.mean:+z.1f}"
    if gain.low is None:
        return mean
    return f"{mean} ({100 * gain.low:+z.1f}, {100 * gain.high:+z.1f})"
