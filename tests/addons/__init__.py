"""dg_keras beside tensorflow-addons, which needs another TensorFlow; see docs/addons.md."""
