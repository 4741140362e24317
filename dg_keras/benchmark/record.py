"""What a run came to, as it is written, read, checked and reported."""

from typing import Any, Literal

import pydantic


class _Part(pydantic.BaseModel):
    # A loss that is not finite is written as such, and read again as what it was.
    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, strict=True, ser_json_inf_nan="constants"
    )


class Result(_Part):
    """The measures of a run, each in 0..1, at the step that was selected.

    `validation_accuracy` is that of the sources' pooled validation parts. The others are of the
    held-out domain, None in a grid search, which tests nothing: `balanced_accuracy` is the mean of
    the classes' accuracies, `new_concepts_accuracy` is taken of the images whose concept no source
    was trained on, None where the data set has no concepts or no such images.
    """

    validation_accuracy: float
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    new_concepts_accuracy: float | None = None


class Similarity(_Part):
    """Mean cosines of single samples' gradients within and between domains, per measurement.

    `steps` are the numbers of training steps before each measurement.
    """

    steps: list[int]
    within: list[float]
    between: list[float]


class Conflicts(_Part):
    """The share of components, in 0..1, on which the domains conflict, per layer and measurement.

    `steps` are the numbers of training steps before each measurement; `shares` has, by the layer's
    path in the network, one value for each.
    """

    steps: list[int]
    shares: dict[str, list[float]]


class Seconds(_Part):
    """The time that a run took, in seconds."""

    prepare: float
    train: float
    test: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.prepare + self.train + self.test


class Record(_Part):
    """A run that has been done.

    Args:
        schema_version: The number of this form; another form gets another number.
        method: The method's name.
        target: The domain that was held out.
        trial: The number of the trial, from 1.
        seed: What all random draws of the run came from.
        config: What the run depended on beside target and trial: `Config.of_run`.
        split: The digest of the images' contents and of their split.
        result: The measures at the step that was selected.
        selected_step: The number of training steps taken before the state that was tested.
        history_steps: The number of training steps before each evaluation.
        history: By Keras' name, such as `loss`, `val_accuracy` or `loss/<domain>`, a value per
            evaluation.
        similarity: Of single samples' gradients; None where it was not recorded.
        conflicts: Of the domains' gradients; None where they were not recorded.
        seconds: The time that it took.
        versions: Of what the result may depend on beside the configuration, by name.
    """

    schema_version: Literal[1] = 1
    method: str
    target: str
    trial: int
    seed: int
    config: dict[str, Any]
    split: str | None
    result: Result
    selected_step: int
    history_steps: list[int]
    history: dict[str, list[float]]
    similarity: Similarity | None = None
    conflicts: Conflicts | None = None
    seconds: Seconds
    versions: dict[str, str]
