"""A network of two blocks in place of sixteen, for tests to which the network is no matter."""

import pytest

from dg_keras.backbones import efficientnet_lite0
from tests.benchmark.small_net import STAGES


@pytest.fixture(scope="module")
def small_net():
    """EfficientNet-Lite0 with two blocks, as `small_net.SMALL` asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficientnet_lite0, "_STAGES", STAGES)
        yield
