import subprocess
import sys

import numpy as np
import pytest

from dg_keras import DomainGeneralizer
from dg_keras.backbones import EfficientNetLite0, from_applications
from tests.backbones.helpers import images, logits
from tests.nets import alexnet_like, compiled, domains

LOAD = """
import sys
import keras, numpy as np
for name in sys.argv[1:]:
    net = keras.saving.load_model(name + ".keras")
    np.save(name + "-logits.npy", net(np.load(name + "-images.npy"), training=False))
assert "dg_keras" not in sys.modules
"""


@pytest.mark.slow
def test_saved_networks_load_where_dg_keras_is_not(tmp_path):
    nets = {
        "efficientnet": EfficientNetLite0(classes=3, image_size=32, freeze_batch_norm=True),
        "caffe": from_applications("VGG16", classes=3, image_size=32),
    }
    model = compiled(DomainGeneralizer(alexnet_like()))
    model.fit(domains(), batch_size=8, steps_per_epoch=1, verbose=0)
    nets["trained"] = model.net
    batches = {name: images(2, net.input_shape[1]) for name, net in nets.items()}
    for name, net in nets.items():
        net.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}-images.npy", batches[name])
    # -I keeps the checkout off the path.
    subprocess.run([sys.executable, "-I", "-c", LOAD, *nets], cwd=tmp_path, check=True)
    for name, net in nets.items():
        found = np.load(tmp_path / f"{name}-logits.npy")
        np.testing.assert_allclose(found, logits(net, batches[name]), rtol=1e-5)
