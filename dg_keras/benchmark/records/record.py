"""What a run came to, as it is written, read, checked and reported."""

import array
import functools
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic_core import core_schema

_NOT_FINITE = {"NaN", "Infinity", "-Infinity"}


def _number(value: Any) -> Any:
    """JSON has no number that is not finite: it is written as text, and read again as it was."""
    return float(value) if isinstance(value, str) and value in _NOT_FINITE else value


def _numbers(values: Any) -> Any:
    """The same for a list, of whose numbers nearly all are finite; and what another record has."""
    if isinstance(values, array.array):
        return values.tolist()
    is_list = isinstance(values, list)
    return [_number(value) for value in values] if is_list and str in map(type, values) else values


_Number = Annotated[float, pydantic.BeforeValidator(_number)]

# A list in JSON, but of eight bytes a number in memory: there may be 100,000 records.
_Numbers = Annotated[
    Sequence[float],
    pydantic.GetPydanticSchema(
        lambda _, schema_of: core_schema.no_info_after_validator_function(
            functools.partial(array.array, "d"), schema_of(list[float])
        )
    ),
    pydantic.BeforeValidator(_numbers),
    pydantic.PlainSerializer(list, return_type=list[float]),
]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, strict=True, ser_json_inf_nan="strings"
    )


class Result(_Part):
    """The measures of a run, each in 0..1, at the step, or of the average, that was selected.

    `validation_accuracy` is that of the sources' pooled validation parts. The others are of the
    held-out domain, None in a grid search, which tests nothing: `balanced_accuracy` is the mean of
    the classes' accuracies, `new_concepts_accuracy` is taken of the images whose concept no source
    was trained on, None where the data set has no concepts or no such images.
    """

    validation_accuracy: float
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    new_concepts_accuracy: float | None = None


class Divergence(_Part):
    """Where a run met an infinity or NaN in training, and so came to no result.

    Args:
        step: The number of training steps that were taken before.
        domain: The domain whose loss or gradient was infinite or NaN; None where it was no one's,
            and where all batches of a step are of one domain, drawn anew.
        loss: The loss of that domain, or of the batch; None where it was no one's.
    """

    step: int
    domain: str | None
    loss: _Number | None

    def __str__(self) -> str:
        loss = None if self.loss is None else f"loss {self.loss:.4g}"
        where = ": ".join(filter(None, (self.domain, loss)))
        return f"at step {self.step} ({where})" if where else f"at step {self.step}"


class Similarity(_Part):
    """Mean cosines of single samples' gradients within and between domains, per measurement.

    `steps` are the numbers of training steps before each measurement.
    """

    steps: list[int]
    within: _Numbers
    between: _Numbers


class Conflicts(_Part):
    """The share of components, in 0..1, on which the domains conflict, per layer and measurement.

    `steps` are the numbers of training steps before each measurement; `shares` has, by the layer's
    path in the network, one value for each.
    """

    steps: list[int]
    shares: dict[str, _Numbers]


class Seconds(_Part):
    """The time that a run took, in seconds; of one that was broken off also what came before.

    What was trained after the last checkpoint, and lost, is not in it.
    """

    prepare: float
    train: float
    test: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.prepare + self.train + self.test


class Record(_Part):
    """A run that has been done: it came to a result, or diverged.

    Args:
        schema_version: The number of this form; another form gets another number.
        method: The method's name.
        target: The domain that was held out.
        trial: The number of the trial, from 1.
        seed: What all random draws of the run came from.
        config: What the run depended on beside target and trial: `Config.of_run`.
        split: The digest of the images' contents and of their split.
        weights: The SHA-256 of the file that the network's weights came from; None where they were
            random, or a file that Keras keeps.
        skipped_images: How many images of the data set were left out since they can't be read.
        result: The measures of what was selected; None where the run diverged.
        selected_step: The number of training steps taken before the state that was tested, the last
            of them where it is an average; None where the run diverged.
        averaged_from: The first step that is in the average; None where it is none.
        diverged: Where it did; None where it did not.
        history_steps: The number of training steps before each evaluation.
        history: By Keras' name, such as `loss`, `val_accuracy` or `loss/<domain>`, a value per
            evaluation.
        similarity: Of single samples' gradients; None where it was not recorded.
        conflicts: Of the domains' gradients; None where they were not recorded.
        seconds: The time that it took.
        versions: Of what the result may depend on beside the configuration, by name.
    """

    schema_version: Literal[3] = 3
    method: str
    target: str
    trial: int
    seed: int
    config: dict[str, Any]
    split: str | None
    weights: str | None
    skipped_images: int
    result: Result | None
    selected_step: int | None
    averaged_from: int | None = None
    diverged: Divergence | None = None
    history_steps: list[int]
    history: dict[str, _Numbers]
    similarity: Similarity | None = None
    conflicts: Conflicts | None = None
    seconds: Seconds
    versions: dict[str, str]

    @pydantic.model_validator(mode="after")
    def _has_one_end(self) -> Self:
        ends = {self.result is None, self.selected_step is None, self.diverged is not None}
        if len(ends) > 1:
            raise ValueError("must have `result` and `selected_step`, or else `diverged`")
        return self
