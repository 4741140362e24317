"""What stops a run whose network can no longer be evaluated."""


class NonfiniteScoresError(ArithmeticError):
    """The network's scores of an image are infinite or NaN, though its weights are not.

    As after a last update that was far too large: the class with the largest score would be that
    of chance.
    """
