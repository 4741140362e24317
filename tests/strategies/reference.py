"""The strategies' equations in float64 NumPy, by loops: slow, and written from the papers alone."""

import numpy as np


def flatten(gradient):
    return np.concatenate([np.asarray(g, np.float64).ravel() for g in gradient])


def mean(gradients):
    return sum(flatten(g) for g in gradients) / len(gradients)


def agreement(gradients, zero_agrees=True):
    """For every component, whether all domains have the same sign (eq. 3)."""
    vectors = [flatten(g) for g in gradients]
    agrees = np.zeros(vectors[0].size, bool)
    for k in range(agrees.size):
        signs = {np.sign(v[k]) for v in vectors}
        agrees[k] = len(signs) == 1 and (zero_agrees or signs != {0.0})
    return agrees


def agr_sum(gradients):
    vectors = [flatten(g) for g in gradients]
    merged = np.zeros(vectors[0].size)
    for k, agrees in enumerate(agreement(gradients)):
        if agrees:
            for v in vectors:
                merged[k] += v[k]
    return merged


def sigma(gradients, zero_agrees=True):
    """The standard deviation of Agr-Rand's noise (below eq. 4)."""
    total = sum(flatten(g) for g in gradients)
    agrees = agreement(gradients, zero_agrees)
    if not agrees.any():
        return 0.0
    return sum(abs(total[k]) for k in range(total.size) if agrees[k]) / agrees.sum()


def pcgrad(gradients, order):
    """Algorithm 1 of Yu et al. (2020); domain i meets the others in the order of `order[i]`."""
    vectors = [flatten(g) for g in gradients]
    merged = np.zeros(vectors[0].size)
    for i, vector in enumerate(vectors):
        projected = vector.copy()
        for j in order[i]:
            inner = projected @ vectors[j]
            norm = vectors[j] @ vectors[j]
            if inner < 0 and norm > 0:
                projected -= inner / norm * vectors[j]
        merged += projected
    return merged


def sand_mask(of_variable, tau, k):
    """Shahtalebi et al. (2021): a variable's merged gradient, and its mask, both flat.

    As in the authors' code, the variance is the unbiased one, and what is masked is divided by the
    mean of the mask. The variance has the square of the gradients' unit.
    """
    vectors = [np.asarray(g, np.float64).ravel() for g in of_variable]
    number, masks, means = len(vectors), [], []
    for component in range(vectors[0].size):
        values = [v[component] for v in vectors]
        means.append(sum(values) / number)
        variance = sum((value - means[-1]) ** 2 for value in values) / (number - 1)
        agreement = abs(sum(np.sign(value) for value in values)) / number
        # Where all are zero, there is no variance, and nothing agrees.
        masks.append(np.tanh(k * (agreement - tau) / variance) if agreement > tau else 0.0)
    share = sum(masks) / len(masks)
    return [mask * mean / (share or 1.0) for mask, mean in zip(masks, means, strict=True)], masks
