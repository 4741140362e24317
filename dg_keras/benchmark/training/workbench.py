"""What the runs of an experiment train with, made once for all of them."""

import dataclasses
import math
from typing import Any

import keras
import numpy as np

from dg_keras import backbones
from dg_keras import data as datasets
from dg_keras.benchmark.config.config import Config, Method
from dg_keras.benchmark.config.ways_of import ways_of
from dg_keras.benchmark.records.inventory import Inventory
from dg_keras.benchmark.training.build_trained import build_trained
from dg_keras.benchmark.training.first_weights import FirstWeights
from dg_keras.benchmark.training.frozen_features import Features, frozen_features
from dg_keras.benchmark.training.known_files import KnownFiles
from dg_keras.benchmark.training.method_models import MethodModels
from dg_keras.benchmark.training.models_kept import models_kept
from dg_keras.benchmark.training.one_domain_batches import one_domain_batches
from dg_keras.benchmark.training.recorders import Recorders
from dg_keras.benchmark.training.trained_inputs import TrainedInputs
from dg_keras.data.tables.file_versions import file_versions


class Workbench:
    """An experiment's images and networks. What is frozen is computed once for every image.

    Args:
        config: The experiment.
        images: Its images, as `load_images` returns them.
        features: What keeps that of the frozen from one process to the next; None to compute it in
            each.
        keep_traced: How many models are kept in memory; see `models_kept`.

    Attributes:
        config: The experiment.
        images: Its images.
        inventory: What they are.
        front: The frozen part of the network, from images to what the other is trained on; None
            where all of it is trained.
        net: What is trained, in the state of no run.
        inputs: What it is trained, validated and tested on.
        recorders: What is measured along training.
        models: A model for each method, whose training step is traced once.
    """

    def __init__(
        self,
        config: Config,
        images: datasets.LeaveOneOut,
        features: Features | None = None,
        keep_traced: int | None = None,
    ) -> None:
        self.config = config
        self.images = images
        self._without: dict[str, datasets.LeaveOneOut] = {}
        image_versions = file_versions(images.images.paths)
        self.inventory = Inventory.of_images(images)
        self._image_files = KnownFiles(image_versions, self.inventory.digests)
        classes = len(images.classes)
        self.front, self.net = build_trained(config, classes, config.seed)
        weights = backbones.weights_file(config.backbone.name, config.backbone.weights)
        self._weights_file = KnownFiles.of([] if weights is None else [weights])
        if self.front is None:
            images.images.check()  # a broken one is told here
            self._image_files.check()
            self.inputs = TrainedInputs(None)
        else:
            self.inputs = TrainedInputs(
                frozen_features(config, images, self._image_files, self.front, features)
            )
        self.recorders = Recorders(config, self.net, self.inputs)
        sample = next(iter(self.inputs.validation(images).unbatch().batch(1)))
        ways = ways_of(config, images.domains)
        # None, where the config's own values are none of those that its grid has methods share.
        kept = models_kept(keep_traced, self.gradient_bytes, max(1, ways))
        sources = len(images.domains) - 1
        layers = [layer for half in (self.front, self.net) if half for layer in half.layers]
        first_weights = FirstWeights(self.net, layers, self._built)
        self.models = MethodModels(config, self.net, first_weights, sources, sample, kept)

    @property
    def weights_digest(self) -> str | None:
        """That of the file of pretrained weights, which may have been downloaded for this bench."""
        return next(iter(self._weights_file.digests), None)

    def check_files(self) -> None:
        """Looks whether all that was read since is what it was when this bench was made.

        Raises:
            ChangedError: If it is not.
        """
        self._weights_file.check()
        if self.front is None and not self.images.images.kept:  # each use decodes them anew
            self._image_files.check()

    def _built(self, seed: int) -> keras.Model:
        """The network that is trained, with this seed's random weights."""
        _, net = build_trained(self.config, len(self.images.classes), seed)
        self._weights_file.check()
        return net

    @property
    def gradient_bytes(self) -> int:
        """What a gradient of the trained network takes in memory."""
        return sum(4 * int(np.prod(v.shape)) for v in self.net.trainable_variables)

    @property
    def kept_bytes(self) -> int:
        """What of an image is kept in memory: its pixels, or as numbers what the frozen makes."""
        if self.front is None:
            return math.prod(self.images.images.image_shape)
        return 4 * math.prod(self.front.output_shape[1:])

    def without(self, target: str) -> datasets.LeaveOneOut:
        """The images with a domain held out; the same again for each run."""
        if target not in self._without:
            self._without[target] = dataclasses.replace(
                self.images, target=target, test_whole=self.config.data.test == "whole"
            )
        return self._without[target]

    def trained_on(
        self,
        method: Method,
        images: datasets.LeaveOneOut,
        seed: int,
        evaluations: int = 0,
        batch_size: int | None = None,
    ) -> dict[str, Any]:
        """The arguments of `fit` that say what a method is trained on.

        Args:
            method: The method.
            images: The images, with a domain held out.
            seed: The run's.
            evaluations: How many it has behind it.
            batch_size: Images per domain; None for the config's.
        """
        domains, size = self.inputs.train(images), batch_size or self.config.training.batch_size
        if method.batches == "one_domain":
            step = evaluations * self.config.training.evaluate_every
            return {"x": one_domain_batches(domains, size, seed, step), "shuffle": False}
        return {"x": domains, "batch_size": size}
