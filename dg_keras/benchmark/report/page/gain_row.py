"""A line of the picture of gains."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class GainRow:
    """A method's gain, in units of the picture.

    Args:
        name: The method's, shortened where it is long.
        words: What the row shows, for those who hear it.
        label: The number with its unit.
        kind: `better` or `worse` where the difference survives correction, else `open`.
        y: Where the row's middle is.
        dot: Where the mean is; None where there is no gain.
        interval: From where to where its 95 % interval reaches; None for a single pair.
        paper: Where the paper's gain is; None where it has none.
    """

    name: str
    words: str
    label: str
    kind: str
    y: float
    dot: float | None = None
    interval: tuple[float, float] | None = None
    paper: float | None = None
