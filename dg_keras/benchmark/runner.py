"""Carries out runs: an experiment's data and networks, made once, trained again and again."""

import dataclasses
import functools
import platform
import random
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from dg_keras import backbones
from dg_keras import data as datasets
from dg_keras.analysis import GradientGram
from dg_keras.benchmark.config import Config, Method, Optimizer
from dg_keras.benchmark.networks import build
from dg_keras.benchmark.one_domain_batches import one_domain_batches
from dg_keras.benchmark.records import Run
from dg_keras.benchmark.similarity_recorder import SimilarityRecorder
from dg_keras.callbacks import DomainMetrics, GradientAgreement
from dg_keras.model import DomainGeneralizer
from dg_keras.version import __version__

_EVALUATION_BATCH = 256  # images at once; of no influence on results
_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


class Runner:
    """Trains and tests the runs of one experiment.

    What is frozen is computed once for every image, and a method's training step is traced once.
    Before each run all that a run changes is put back, so that its result does not depend on what
    the process has done before.

    Args:
        config: The experiment.
        images: Its images, as `load_images` returns them.
    """

    def __init__(self, config: Config, images: datasets.LeaveOneOut) -> None:
        self.config = config
        self.images = images
        front, self._net = build_trained(config, len(self.images.classes), config.seed)
        self._features = None if front is None else self._compute_features(front)
        self._models: dict[str, tuple[DomainGeneralizer, list[np.ndarray]]] = {}
        self._initial: tuple[int, list[np.ndarray]] = (-1, [])
        self._agreements: dict[str, GradientAgreement] = {}

    def run(self, run: Run) -> dict[str, Any]:
        """Trains and tests one run.

        Returns:
            Its record: seed, history, the step that was selected, the results on the held-out
            domain, seconds, and versions.
        """
        start = time.perf_counter()
        training = self.config.training
        images = dataclasses.replace(self.images, target=run.target)
        seed = self.config.run_seed(run.target, run.trial)
        model = self._reset_model(run.method, seed)
        prepared = time.perf_counter()
        recorders = self._recorders(run.method, images, seed)
        history = model.fit(
            **self._batches_of(run.method, images, seed),
            steps_per_epoch=training.evaluate_every,
            epochs=training.steps // training.evaluate_every,
            validation_data=self._validation(images),
            callbacks=[*recorders, *_selection(training.selection, training.steps)],
            verbose=0,
        ).history
        trained = time.perf_counter()
        selected = _selected(history, training.selection)
        result = {"validation_accuracy": history["val_accuracy"][selected - 1]}
        if self.config.grid is None:
            result |= self._test(images)
        tested = time.perf_counter()
        record = {
            "target": run.target,
            "trial": run.trial,
            "seed": seed,
            "result": result,
            "selected_step": training.evaluate_every * selected,
            "history": {name: [float(v) for v in values] for name, values in history.items()},
            "seconds": {
                "prepare": prepared - start,
                "train": trained - prepared,
                "test": tested - trained,
            },
            "versions": versions(),
        }
        for recorder in recorders:
            if isinstance(recorder, SimilarityRecorder):
                record["similarity"] = recorder.record
        return record

    @property
    def gradient_bytes(self) -> int:
        """What a gradient of the trained network takes in memory."""
        return sum(4 * int(np.prod(v.shape)) for v in self._net.trainable_variables)

    def time_steps(self, run: Run, steps: int) -> tuple[float, float]:
        """Trains a few steps of a run, and records nothing.

        Returns:
            Seconds a training step, and seconds an evaluation on the validation parts.
        """
        images = dataclasses.replace(self.images, target=run.target)
        model = self._reset_model(run.method, seed=0)
        batches = self._batches_of(run.method, images, seed=0)
        model.fit(**batches, steps_per_epoch=1, verbose=0)
        start = time.perf_counter()
        model.fit(**batches, steps_per_epoch=steps, verbose=0)
        trained = time.perf_counter()
        model.evaluate(self._validation(images), verbose=0)
        return (trained - start) / steps, time.perf_counter() - trained

    def _batches_of(
        self, method: Method, images: datasets.LeaveOneOut, seed: int
    ) -> dict[str, Any]:
        """The arguments of `fit` that say what a method is trained on."""
        domains, size = self._domains(images), self.config.training.batch_size
        if method.batches == "one_domain":
            return {"x": one_domain_batches(domains, size, seed), "shuffle": False}
        return {"x": domains, "batch_size": size}

    def _recorders(
        self, method: Method, images: datasets.LeaveOneOut, seed: int
    ) -> list[keras.callbacks.Callback]:
        """What records more than losses and the pooled accuracy along training."""
        wanted, training = self.config.along_training, self.config.training
        recorders: list[keras.callbacks.Callback] = []
        if wanted.accuracy:
            validation = {s: self._input(images.part(s, "validation")) for s in images.sources}
            target = {images.target: self._input(self._tested(images))}
            recorders += [
                DomainMetrics(validation, batch_size=_EVALUATION_BATCH),
                DomainMetrics(target, batch_size=_EVALUATION_BATCH, prefix="test_"),
            ]
        if wanted.gradients:
            # One a method, since it is traced for the model that it had.
            if method.name not in self._agreements:
                self._agreements[method.name] = GradientAgreement(
                    self._domains(images), batch_size=training.batch_size, per_layer=True
                )
            agreement = self._agreements[method.name]
            agreement.domains, agreement.seed = self._domains(images), seed
            batches = self._batches_of_classes(images, wanted.samples, seed)
            recorders += [
                agreement,
                SimilarityRecorder(self._gram, batches, training.evaluate_every),
            ]
        return recorders

    def _batches_of_classes(
        self, images: datasets.LeaveOneOut, samples: int, seed: int
    ) -> list[tuple[Any, Any, list[str]]]:
        """A batch of each class, as many samples of every source; inputs, labels and domains."""
        rng = np.random.default_rng(seed)
        batches = []
        for label, _ in enumerate(images.classes):
            of_class = {s: np.flatnonzero(p.labels == label) for s, p in images.train.items()}
            if min(map(len, of_class.values())) < samples:
                continue
            chosen = {s: rng.choice(at, samples, replace=False) for s, at in of_class.items()}
            x = np.concatenate([self._samples(images.train[s], at) for s, at in chosen.items()])
            domains = [source for source in chosen for _ in range(samples)]
            batches.append((x, np.full(len(domains), label), domains))
        if not batches:
            raise ValueError(
                "`along_training.samples` must be at most the size of some class in the training "
                f"part of every source. Received: {samples}, with {images.target} held out"
            )
        return batches

    def _samples(self, part: datasets.Domain, positions: np.ndarray) -> np.ndarray:
        """Some samples of a part of a domain as the trained network takes them."""
        if self._features is not None:
            return self._features[part.rows[positions]]
        indices = tf.data.Dataset.from_tensors(positions.astype("int64"))
        return next(iter(part.batches(indices, len(positions))))[0].numpy()

    @functools.cached_property
    def _gram(self) -> GradientGram:
        return GradientGram(self._net, _LOSS)

    def _tested(self, images: datasets.LeaveOneOut) -> datasets.Domain:
        """What the held-out domain is tested on."""
        whole = self.config.data.test == "whole"
        return images.part(images.target, None if whole else "test")

    def _domains(self, images: datasets.LeaveOneOut) -> dict[str, Any]:
        """The training parts of the sources."""
        return {name: self._input(part) for name, part in images.train.items()}

    def _validation(self, images: datasets.LeaveOneOut) -> tf.data.Dataset:
        """The pooled validation parts of the sources."""
        return self._batches([images.part(source, "validation") for source in images.sources])

    def _compute_features(self, front: keras.Model) -> np.ndarray:
        """What the frozen front makes of every image, in the order of the images' table."""
        features = np.empty((len(self.images.table), *front.output_shape[1:]), "float32")
        for domain in self.images.domains:
            part = self.images.part(domain)
            features[part.rows] = front.predict(part.batch(_EVALUATION_BATCH), verbose=0)
        return features

    def _input(self, part: datasets.Domain) -> Any:
        """A part of a domain as the trained network takes it."""
        if self._features is None:
            return part
        return self._features[part.rows], part.labels

    def _batches(self, parts: Sequence[datasets.Domain]) -> tf.data.Dataset:
        """Some parts, one after the other, in batches for evaluation."""
        if self._features is None:
            whole = parts[0]
            for part in parts[1:]:
                whole = whole.concatenate(part)
        else:
            rows = np.concatenate([part.rows for part in parts])
            labels = np.concatenate([part.labels for part in parts])
            whole = tf.data.Dataset.from_tensor_slices((self._features[rows], labels))
        return datasets.without_tuner(whole.batch(_EVALUATION_BATCH).prefetch(1))

    def _reset_model(self, method: Method, seed: int) -> DomainGeneralizer:
        """The method's model as it is before its first step with this seed."""
        if method.name not in self._models:
            model = self._compile(method)
            self._models[method.name] = (model, _values(model.optimizer.variables))
        model, optimizer_values = self._models[method.name]
        _assign(model.optimizer.variables, optimizer_values)
        _assign(self._net.variables, self._initial_values(seed))
        model.reset_training(seed)
        self._regularize(method)
        return model

    def _compile(self, method: Method) -> DomainGeneralizer:
        training = self.config.training
        model = DomainGeneralizer(
            self._net,
            strategy=method.strategy,
            objective=method.objective,
            domains=len(self.images.domains) - 1,
        )
        model.compile(
            optimizer=make_optimizer(optimizer_of(self.config, method)),
            loss=_LOSS,
            metrics=["accuracy"],
            jit_compile=training.jit_compile,
        )
        # A step that makes its variables while it is traced is traced twice.
        model.optimizer.build(model.trainable_variables)
        part = self.images.part(self.images.domains[0])
        model.evaluate(self._batches([part]).take(1), verbose=0)
        return model

    def _regularize(self, method: Method) -> None:
        """Penalizes the weights that the methods share, where the method's optimizer wants it."""
        optimizer = optimizer_of(self.config, method)
        if optimizer.name != "adam_l2":
            return
        # The gradient of L2(c) is 2 c w; DomainGeneralizer adds it once, after the merge.
        for variable in self._net.trainable_variables:
            variable.regularizer = keras.regularizers.L2(optimizer.weight_decay / 2)

    def _initial_values(self, seed: int) -> list[np.ndarray]:
        """The state of a network that was just built with this seed."""
        if self._initial[0] != seed:
            _, net = build_trained(self.config, len(self.images.classes), seed)
            self._initial = (seed, _values(net.variables))
        return self._initial[1]

    def _test(self, images: datasets.LeaveOneOut) -> dict[str, float]:
        """The measures on the held-out domain."""
        part = self._tested(images)
        # The methods share the network, and so one function to predict with.
        predicted = self._net.predict(self._batches([part]), verbose=0).argmax(axis=-1)
        correct = pd.Series(predicted == part.labels)
        result = {
            "accuracy": float(correct.mean()),
            "balanced_accuracy": float(correct.groupby(part.labels).mean().mean()),
        }
        if "concept" in images.table:
            everywhere = dict(
                zip(images.part(images.target).rows, images.unseen_concepts, strict=True)
            )
            unseen = np.array([everywhere[row] for row in part.rows])
            if unseen.any():
                result["new_concepts_accuracy"] = float(correct[unseen].mean())
        return result


def load_images(config: Config, data_root: str | None) -> datasets.LeaveOneOut:
    """The experiment's images, with no domain held out yet."""
    data = config.data
    try:
        return datasets.load(
            data.name,
            root=data_root or data.root,
            image_size=data.image_size,
            seed=data.split_seed,
            batch_size=_EVALUATION_BATCH,
        )
    except ValueError as error:
        raise ValueError(f"`data`: {error}") from error


def build_trained(
    config: Config, classes: int, seed: int
) -> tuple[keras.Model | None, keras.Model]:
    """The frozen front, if there is one, and the network that is trained.

    Their random weights depend on the seed alone.
    """
    # From here layers take the seeds of their weights and of the generators that they own. After
    # Keras' `set_random_seed` TensorFlow makes each traced function ready anew, for half a second.
    random.seed(seed)
    backbone = config.backbone
    net = build(
        backbone.name,
        classes=classes,
        image_size=config.data.image_size,
        weights=backbone.weights,
        **backbone.arguments,
    )
    return backbones.split(net, backbone.train_from) if backbone.train_from else (None, net)


def optimizer_of(config: Config, method: Method) -> Optimizer:
    """The optimizer's settings for a method."""
    own = {"learning_rate": method.learning_rate, "weight_decay": method.weight_decay}
    return config.training.optimizer.model_copy(
        update={name: value for name, value in own.items() if value is not None}
    )


def make_optimizer(optimizer: Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer with these settings; weights are regularized elsewhere."""
    rate, decay, epsilon = optimizer.learning_rate, optimizer.weight_decay, optimizer.epsilon
    if optimizer.name == "adam_l2":
        return keras.optimizers.Adam(rate, epsilon=epsilon)
    # Keras multiplies the decay by the rate.
    decay = decay / rate if optimizer.name == "adamw_per_step" else decay
    return keras.optimizers.AdamW(rate, weight_decay=decay, epsilon=epsilon)


def versions() -> dict[str, str]:
    """What a result may depend on beside its configuration."""
    return {
        "dg_keras": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "devices": ", ".join(device.device_type for device in tf.config.list_physical_devices()),
    }


def _selection(selection: str, patience: int) -> list[keras.callbacks.Callback]:
    if selection == "last":
        return []
    # Keeps the first of equals, and puts it back when training ends.
    return [
        keras.callbacks.EarlyStopping(
            monitor="val_accuracy", mode="max", patience=patience, restore_best_weights=True
        )
    ]


def _selected(history: dict[str, list[float]], selection: str) -> int:
    """Which evaluation was selected, counted from 1."""
    accuracies = history["val_accuracy"]
    return len(accuracies) if selection == "last" else int(np.argmax(accuracies)) + 1


def _values(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def _assign(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
