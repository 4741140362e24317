"""An image inside of the page."""

import base64
import dataclasses
import struct
from typing import Self

_CAPTIONS = {
    "accuracy": (
        "Accuracy of each trial",
        "Up: accuracy on the held-out domain, %. Across: methods. Boxes are quartiles with the "
        "median, whiskers reach to the minimum and maximum, triangles are means, dots are trials. "
        "* p < 0.05 against the baseline, † also after Holm's correction.",
    ),
    "pairs": (
        "What every objective gains with every strategy",
        "Numbers: the mean gain over the baseline in percent points of accuracy on the held-out "
        "domain, below it the 95 % confidence interval. Down: objectives. Across: strategies. Blue "
        "and red: better and worse than the baseline.",
    ),
    "training": (
        "Accuracy along training",
        "Up: accuracy, %, on the validation part of each source and on the held-out domain. "
        "Across: training steps. Lines are means over the trials, bands their 95 % intervals.",
    ),
    "similarity": (
        "Similarity of gradients along training",
        "Up: mean cosine of two samples' gradients, from -1 to 1, within a domain and between "
        "domains. Across: training steps. Lines are means over the trials, bands their 95 % "
        "intervals.",
    ),
    "conflict": (
        "Where the domains' gradients conflict",
        "Colour: the share of a layer's components, from 0 to 1, on which the domains' gradients "
        "differ in sign; white is what gradients of random signs would come to, and only less than "
        "that is agreement. Down: layers, the input's first. Across: training steps. Means over "
        "the trials and held-out domains.",
    ),
    "grid": (
        "Validation accuracy of every setting",
        "Numbers: mean accuracy on the sources' validation parts, %. A frame is around what was "
        "chosen.",
    ),
}
"""By the names of the figures' files: a heading, and what is seen."""

_DIVERGED = " div.: some of its runs diverged, so that it is never chosen."


@dataclasses.dataclass(frozen=True)
class Picture:
    """A PNG image with what the page says of it.

    Args:
        heading: What it shows.
        caption: What its axes and marks are, with units.
        source: The image as a `data:` address.
        width: In pixels.
        height: In pixels.
    """

    heading: str
    caption: str
    source: str
    width: int
    height: int

    @classmethod
    def of(cls, name: str, png: bytes, some_diverged: bool = False) -> Self:
        """A report's figure.

        Args:
            name: Of its file, without ending.
            png: Its content.
            some_diverged: Whether it is that of a grid search, and has settings that diverged.
        """
        width, height = struct.unpack(">II", png[16:24])  # of the header, which comes first
        encoded = base64.b64encode(png).decode("ascii")
        heading, caption = _CAPTIONS[name]
        caption += _DIVERGED * some_diverged
        return cls(heading, caption, f"data:image/png;base64,{encoded}", width, height)
