"""That some runs failed."""

from collections.abc import Sequence

_NAMED = 10


class FailedRunsError(RuntimeError):
    """Some runs failed, while the others were done.

    Args:
        keys: Their names, which their logs have too.
        of: The number of runs that were to be done.
    """

    def __init__(self, keys: Sequence[str], of: int) -> None:
        self.keys = list(keys)
        more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
        super().__init__(
            f"{len(keys)} of {of} runs failed: {', '.join(keys[:_NAMED])}{more}. The same command "
            "tries them again"
        )
