"""How far the gradients of several domains agree, along training."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from dg_keras.callbacks._every_steps import EverySteps
from dg_keras.callbacks._gradient_products import GradientProducts
from dg_keras.common.check_positive_integer import check_positive_integer
from dg_keras.common.needs_matplotlib import needs_matplotlib
from dg_keras.common.seeds import seed_or_drawn
from dg_keras.data.feeding.as_tensors import as_tensors
from dg_keras.data.feeding.check_domains import check_each
from dg_keras.data.feeding.domain import Domain
from dg_keras.data.feeding.domains import named, number_of_rows
from dg_keras.data.feeding.row_taker import row_taker
from dg_keras.data.feeding.without_tuner import without_tuner

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DRAWN_FROM = 1024  # elements of a dataset without random access, which must be read one by one


class GradientAgreement(EverySteps):
    """Measures how far the gradients of several domains agree, along training.

    The cosine similarity of domains' gradients as in figure 2 of Mansilla et al. (2021), and the
    share of components whose sign all domains share: those which Agr-Sum keeps (eq. 3, sgn(0) = 0,
    so that a component which is 0 in every domain is agreement). The model is any compiled
    `keras.Model`; it need know nothing of domains, nor be trained on these.

    A measurement takes the gradient of the compiled loss over all trainable variables, on one batch
    of each domain: in one `fit` always the same, so that what changes is the model. It is the loss
    of inference: no dropout, and BatchNorm with its moving statistics. Weight regularizers,
    class weights and the objective of a `DomainGeneralizer` take no part; what layers add to the
    loss for the data does. Nothing of it influences training. All domains' gradients are in memory
    at a time.

    An epoch's `logs` get the mean over the epoch's measurements of

    - `gradient/cosine`: the cosine similarity, mean over all pairs of domains; 0 where a gradient
      is 0,
    - `gradient/cosine/<a>/<b>`: that of a pair,
    - `gradient/agreement`: the share of agreeing components, in 0..1,
    - `gradient/zero`: the share of components that are 0 in every domain, which are agreement: many
      of them, as of channels that are dead, make it look better than it is,
    - `gradient/norm/<domain>`: the Euclidean norm of a domain's gradient,

    and NaN where there was none, so that every epoch has the same keys. The `History` that Keras
    adds has them; other callbacks that read `logs`, such as `CSVLogger` and `TensorBoard`, must
    come after this one. The values per layer are in `measurements` alone: those of a network
    of many layers would fill the progress line with thousands of characters.

    One callback serves many calls of `fit`: it starts over in each, and does not trace again for
    the model that it had before. In between, `domains` and `seed` may be assigned anew, in any
    order; what counts is what they are when `fit` begins.

    Args:
        domains: A tuple, list or dict of at least two domains: unbatched `tf.data.Dataset`s of
            `(x, y)` or `(x, y, sample_weight)`, or tuples of arrays. A tuple's or list's are named
            by position.
        every: "epoch" to measure at the end of every epoch, or the number of training steps after
            which to measure, counted from the beginning of `fit`. With `steps_per_execution`, a
            measurement waits for the end of the execution.
        batch_size: Samples per domain, drawn without replacement when `fit` begins; a smaller
            domain is taken whole. Of a dataset that is neither arrays nor a `Domain`, they are
            drawn from the first 1024 elements.
        per_layer: Whether `measurements` and `plot` tell layers apart.
        seed: Seed of the draw, a non-negative integer. None draws one, as
            `keras.utils.set_random_seed` rules it.
        prefix: What the keys in `logs` begin with, "gradient" above.

    Attributes:
        measurements: A `pandas.DataFrame` with a row per measurement: `step`, the number of
            training steps before it in this `fit`; `epoch`, counted from 0; the values, under the
            keys above; and with `per_layer`, `gradient/cosine/<layer>`,
            `gradient/agreement/<layer>` and `gradient/zero/<layer>`: the same over the variables of
            one layer, by its path in the model.

    Raises:
        ValueError: An argument is out of its range; or, when `fit` begins, the model has nothing to
            train, is not compiled, or with a loss, or a layer has the name of a pair of domains.

    Examples:
        >>> x, y = np.random.rand(20, 3), np.random.rand(20, 1)
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile("adam", loss="mse")
        >>> agreement = dg_keras.callbacks.GradientAgreement({"old": (x, y), "new": (-x, y)})
        >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[agreement])
        >>> list(history.history)  # doctest: +NORMALIZE_WHITESPACE
        ['loss', 'gradient/cosine', 'gradient/cosine/old/new', 'gradient/agreement',
         'gradient/zero', 'gradient/norm/old', 'gradient/norm/new']
    """

    def __init__(
        self,
        domains: Sequence[Any] | Mapping[str, Any],
        every: int | Literal["epoch"] = "epoch",
        batch_size: int = 32,
        per_layer: bool = False,
        seed: int | None = None,
        prefix: str = "gradient",
    ) -> None:
        super().__init__(every)
        check_positive_integer("batch_size", batch_size)
        self.batch_size = batch_size
        self.per_layer = per_layer
        self.seed = seed
        self.prefix = prefix
        self.domains = domains
        self._rows: list[dict[str, float]] = []
        self._products: GradientProducts | None = None
        self._made_for: tuple[Any, Any] = (None, None)

    @property
    def domains(self) -> Sequence[Any] | Mapping[str, Any]:
        """The domains, as they were given."""
        return self._domains

    @domains.setter
    def domains(self, domains: Sequence[Any] | Mapping[str, Any]) -> None:
        check_each(domains)
        if len(domains) < 2:
            raise ValueError(
                f"`domains` must be at least two, to be compared. Received: {len(domains)}"
            )
        names = [str(name) for name, _ in named(domains)]
        if len(set(map("/".join, itertools.combinations(names, 2)))) < math.comb(len(names), 2):
            raise ValueError(
                f"`domains` must have names by which their pairs are told. Received: {names}"
            )
        self._domains, self._names = domains, names

    @property
    def seed(self) -> int:
        """The seed of the draw."""
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        self._seed = seed_or_drawn(seed)

    @property
    def measurements(self) -> pd.DataFrame:
        """A row per measurement of the latest `fit`: step, epoch, and the values."""
        return pd.DataFrame(self._rows)

    def plot(self) -> "Figure":
        """Draws cosine similarity and agreement along training.

        Returns:
            A matplotlib figure; with `per_layer`, it also has a heat map of the share of
            components on which the domains conflict, layers by training steps.

        Raises:
            ValueError: If nothing was measured.
            ModuleNotFoundError: If matplotlib is not installed.
        """
        if not self._rows:
            raise ValueError("`plot` must follow a `fit` that measured. Received: no measurements")
        with needs_matplotlib("plot"):
            from dg_keras.callbacks._agreement_plot import agreement_plot
        return agreement_plot(self.measurements, self.prefix)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts over, and draws the batches."""
        self._keys = self._keys_in_logs()
        super().on_train_begin(logs)
        self._rows = []
        self._batches = [
            _draw(domain, self.batch_size, np.random.default_rng([self.seed, position]))
            for position, (_, domain) in enumerate(named(self.domains))
        ]
        self._check_model(self._batches[0])
        self._products_now().prepare(self._batches)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures, if it is time, and puts the epoch's means into `logs`."""
        super().on_epoch_end(epoch, logs)
        rows = [row for row in self._rows if row["epoch"] == epoch]
        means = {k: float(np.mean([r[k] for r in rows])) if rows else math.nan for k in self._keys}
        if logs is not None:
            logs.update(means)

    def measure(self) -> None:
        """Takes the domains' gradients."""
        products = self._products_now()
        grams, agreeing, zero = (taken.numpy() for taken in products(self._batches))
        grams = grams.astype(np.float64)
        # Of gradients that overflow, as those of float16 may, nothing tells who agrees.
        is_finite = np.isfinite(grams).all(axis=(1, 2))
        agreeing, zero = (np.where(is_finite, count, np.nan) for count in (agreeing, zero))
        variables = products.variables
        sizes = np.array([math.prod(variable.shape) for variable in variables])
        whole = grams.sum(axis=0)
        cosines = _cosines(whole)
        shares = (count.sum() / sizes.sum() for count in (agreeing, zero))
        values = [cosines.mean(), *cosines, *shares, *np.sqrt(np.diag(whole))]
        row: dict[str, float] = {"step": self._step, "epoch": self._epoch}
        row |= {key: float(value) for key, value in zip(self._keys, values, strict=True)}
        for layer, of in _by_layer(self.model, variables).items() if self.per_layer else ():
            row[f"{self.prefix}/cosine/{layer}"] = float(_cosines(grams[of].sum(axis=0)).mean())
            for name, count in (("agreement", agreeing), ("zero", zero)):
                row[f"{self.prefix}/{name}/{layer}"] = float(count[of].sum() / sizes[of].sum())
        self._rows.append(row)

    def _products_now(self) -> GradientProducts:
        """Traced for this model, as it is compiled now."""
        # Compiled anew, a model has another loss, and another training function to tell it by.
        made_for = (self.model, self.model.train_function)
        if self._products is None or made_for != self._made_for:
            self._products = GradientProducts(self.model)
            self._made_for = made_for
        return self._products

    def _keys_in_logs(self) -> list[str]:
        pairs = [f"cosine/{a}/{b}" for a, b in itertools.combinations(self._names, 2)]
        norms = [f"norm/{name}" for name in self._names]
        return [f"{self.prefix}/{key}" for key in ("cosine", *pairs, "agreement", "zero", *norms)]

    def _check_model(self, batch: Any) -> None:
        if not self.model.compiled:
            raise ValueError(
                "GradientAgreement needs a model that is compiled, whose loss it differentiates. "
                f"Received: model {self.model.name!r}, which is not"
            )
        if not self.model.built:  # which the first step would do
            self.model(batch[0], training=False)
        if not self.model.trainable_variables:
            raise ValueError(
                "GradientAgreement needs a model with trainable variables. "
                f"Received: model {self.model.name!r} without any"
            )
        layers = _by_layer(self.model, self.model.trainable_variables) if self.per_layer else ()
        for layer in layers:
            if f"{self.prefix}/cosine/{layer}" in self._keys:
                raise ValueError(
                    "With `per_layer`, no layer must have the name of a pair of domains. "
                    f"Received: layer {layer!r} and domains {self._names}"
                )


def _cosines(gram: np.ndarray) -> np.ndarray:
    """The cosine similarity of each pair, from inner products; 0 where a gradient is 0."""
    norms = np.sqrt(np.diag(gram))
    with np.errstate(invalid="ignore"):  # infinities give NaN
        lengths = np.outer(norms, norms)
        cosines = np.divide(gram, lengths, out=np.zeros_like(gram), where=lengths != 0)
    return cosines[np.triu_indices_from(cosines, k=1)]


def _by_layer(model: keras.Model, variables: Sequence[keras.Variable]) -> dict[str, list[int]]:
    """The variables' positions, by the path of the layer that they belong to.

    Layers of one path, as two networks made by one function have, are told apart by a number.
    """
    owners = {  # the innermost, which comes last
        id(variable): layer
        for layer in model._flatten_layers()
        for variable in layer.trainable_variables
    }
    paths = [variable.path.split("/")[:-1] for variable in variables]
    # What all begin with is the model, whose name often has a number that differs between runs.
    parts = zip(*(path[:-1] for path in paths), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda names: len(set(names)) == 1, parts))
    of_path: dict[str, dict[int, list[int]]] = {}
    for index, path in enumerate(paths):
        of_layers = of_path.setdefault("/".join(path[shared:]) or variables[index].path, {})
        owner = id(owners.get(id(variables[index])))
        of_layers.setdefault(owner, []).append(index)
    return {
        path if number == 1 else f"{path} ({number})": positions
        for path, of_layers in of_path.items()
        for number, positions in enumerate(of_layers.values(), start=1)
    }


def _draw(domain: Any, batch_size: int, rng: np.random.Generator) -> Any:
    """A batch of samples drawn from a domain, of all if they are fewer."""
    if isinstance(domain, tf.data.Dataset) and not isinstance(domain, Domain):
        return _draw_one_by_one(domain, batch_size, rng)
    drawn = rng.permutation(number_of_rows(domain))[:batch_size]
    if isinstance(domain, Domain):
        return domain.fetch(drawn)
    return tf.nest.map_structure(lambda a: row_taker(a)(tf.constant(drawn)), as_tensors(domain))


def _draw_one_by_one(dataset: tf.data.Dataset, batch_size: int, rng: np.random.Generator) -> Any:
    """A batch of the first elements of a dataset, all as likely (algorithm R of Vitter, 1985).

    `Dataset.shuffle` would draw by TensorFlow's global seed besides, and hold all of them.
    """
    drawn: list[Any] = []
    for number, element in enumerate(without_tuner(dataset.take(_DRAWN_FROM))):
        place = number if number < batch_size else rng.integers(number + 1)
        if place < batch_size:
            drawn[place : place + 1] = [element]
    return keras.tree.map_structure(lambda *tensors: tf.stack(tensors), *drawn)
