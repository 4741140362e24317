import subprocess
import sys

import numpy as np

from dg_keras.backbones import EfficientNetLite0, from_applications
from tests.backbones.helpers import images, logits

LOAD = """
import sys
import keras, numpy as np
x = np.load("x.npy")
for name in sys.argv[1:]:
    net = keras.saving.load_model(name + ".keras")
    np.save(name + ".npy", net(x, training=False))
assert "dg_keras" not in sys.modules
"""


def test_saved_networks_load_where_dg_keras_is_not(tmp_path):
    nets = {
        "efficientnet": EfficientNetLite0(classes=3, image_size=32, freeze_batch_norm=True),
        "caffe": from_applications("VGG16", classes=3, image_size=32),
    }
    batch = images(2, 32)
    np.save(tmp_path / "x.npy", batch)
    for name, net in nets.items():
        net.save(tmp_path / f"{name}.keras")
    # -I keeps the checkout off the path.
    subprocess.run([sys.executable, "-I", "-c", LOAD, *nets], cwd=tmp_path, check=True)
    for name, net in nets.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), logits(net, batch), rtol=1e-5)
