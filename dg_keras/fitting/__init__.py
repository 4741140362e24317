"""What `fit` and `evaluate` make of their arguments. Knows data, and Keras' models."""
