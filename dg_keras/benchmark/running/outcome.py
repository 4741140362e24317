"""What comes of an attempt at a run."""

import dataclasses

from dg_keras.benchmark.config.run import Run
from dg_keras.benchmark.records.record import Record


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A run's record, or why there is none.

    Args:
        run: The run.
        record: What it came to, which has been written; None where it failed.
        failure: In one sentence, what happened; None where it did not fail.
    """

    run: Run
    record: Record | None = None
    failure: str | None = None
