"""How similar gradients are within domains and between them."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def gradient_similarity(gram: ArrayLike, domains: Sequence[Any]) -> tuple[float, float]:
    """The mean cosine similarity of per-sample gradients, within and between domains.

    The gradient characterization of Mansilla et al. (2021), figure 2, over all pairs of domains.
    Like the paper's, the samples should be of one class. A gradient of zero has cosine 0 to every
    other; one that is not finite makes NaN of all means that it takes part in.

    Args:
        gram: Inner products of the samples' gradients, `[n, n]`, as of `GradientGram`.
        domains: The domain of each sample, `[n]`; at least two domains of two samples each.

    Returns:
        `(within, between)`: the mean over a domain's pairs of different samples, averaged over
        domains; and the mean over the pairs of two domains, averaged over all pairs of domains.

    Raises:
        ValueError: The shapes do not fit, or a domain has no pair.
    """
    inner, owners = np.asarray(gram, float), np.asarray(domains)
    if owners.ndim != 1 or inner.shape != (len(owners), len(owners)):
        raise ValueError(
            "`gram` must be [n, n] for the n samples of `domains`. "
            f"Received: shapes {inner.shape} and {owners.shape}"
        )
    names, sizes = np.unique(owners, return_counts=True)
    if len(names) < 2 or sizes.min() < 2:
        raise ValueError(
            "`domains` must name at least two domains, of at least two samples each. "
            f"Received: domains={owners.tolist()}"
        )
    norms = np.sqrt(np.maximum(np.diag(inner), 0))  # rounding can take a zero below
    with np.errstate(invalid="ignore"):  # infinities give NaN
        products = np.outer(norms, norms)
        # Unequal, as NaN shall not pass for a gradient of zero.
        cosines = np.divide(inner, products, out=np.zeros_like(inner), where=products != 0)

    members = [owners == name for name in names]
    within = [_mean_of_pairs(cosines[np.ix_(own, own)]) for own in members]
    between = [cosines[np.ix_(a, b)].mean() for a, b in itertools.combinations(members, 2)]
    return float(np.mean(within)), float(np.mean(between))


def _mean_of_pairs(cosines: np.ndarray) -> float:
    """The mean over pairs of different samples."""
    return float(cosines[np.triu_indices_from(cosines, k=1)].mean())
