"""What stops a training that meets an infinity or NaN."""


class NonfiniteError(ArithmeticError):
    """A step of training met an infinity or NaN, and was not taken.

    The model is as it was before that step: its weights, what layers keep such as BatchNorm's
    statistics, the optimizer, and `model.step`. It can be evaluated, saved and trained on.

    Args:
        message: What happened, in one sentence.
        step: The number of steps taken before the one that failed, as `model.step` counts them.
        domain: The domain whose loss or gradient was infinite or NaN, the first if there were
            several; None where it was no domain's, or it is not known whose: the step took one
            gradient for all domains, of batches that `fit` can't make again.
        loss: That domain's loss; None where there is no domain.
    """

    def __init__(self, message: str, step: int, domain: str | None, loss: float | None) -> None:
        super().__init__(message, step, domain, loss)
        self.step = step
        self.domain = domain
        self.loss = loss

    def __str__(self) -> str:
        return self.args[0]
