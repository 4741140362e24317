"""Gradients that the strategies are tested on: a list over domains of lists over variables."""

import numpy as np

from dg_keras import strategies

FREE_OF_ORDER = [
    strategies.Mean(),
    strategies.AgrSum(),
    strategies.AgrRand(seed=3),
    strategies.AgrRand(seed=3, zero_agrees=False),
    strategies.MGDA(),
    strategies.CAGrad(),
    strategies.NashMTL(),
    strategies.IMTLG(),
    strategies.AlignedMTL(),
    strategies.UPGrad(),
    strategies.DualProj(),
    strategies.FairGrad(),
    strategies.AndMask(),
    strategies.AndMask(tau=0.3, rescale=False),
    strategies.SandMask(),
    strategies.GradDrop(seed=3),
    strategies.TrimmedMean(),
    strategies.GeometricMean(),
]
ALL = [*FREE_OF_ORDER, strategies.PCGrad(seed=3), strategies.GradVac(seed=3)]
SHAPES = [(3, 3, 2, 4), (4,), (), (5, 7), (1, 6)]


def random(domains, seed):
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=s).astype("float32") for s in SHAPES] for _ in range(domains)]


def similar(domains, seed):
    """Domains that mostly agree, as those of real networks do."""
    rng = np.random.default_rng(seed)
    common = [rng.normal(size=s) for s in SHAPES]
    return [
        [(c + 0.5 * rng.normal(size=c.shape)).astype("float32") for c in common]
        for _ in range(domains)
    ]


def with_zeros(domains, seed):
    """Zero in one domain here and there, and a variable that is zero in all."""
    gradients = random(domains, seed)
    rng = np.random.default_rng(seed + 1)
    for gradient in gradients:
        for g in gradient:
            g[rng.random(g.shape) < 0.3] = 0
        gradient[3][:] = 0
    return gradients


def opposite(domains, seed):
    gradients = random(domains, seed)
    gradients[1] = [-g for g in gradients[0]]
    return gradients


def identical(domains, seed):
    return [random(1, seed)[0] for _ in range(domains)]


def one_domain_zero(domains, seed):
    gradients = random(domains, seed)
    gradients[-1] = [np.zeros_like(g) for g in gradients[-1]]
    return gradients


def all_zero(domains, seed):
    return [[np.zeros(s, "float32") for s in SHAPES] for _ in range(domains)]


def sum_of_zero(domains, seed):
    """What full batches come to at the optimum of the mean: nothing on average, much in each."""
    gradients = random(domains, seed)
    rest = [-sum(of_variable) for of_variable in zip(*gradients[:-1], strict=True)]
    return [*gradients[:-1], [g.astype("float32") for g in rest]] if domains > 1 else gradients


KINDS = [
    *(random, similar, with_zeros, opposite, identical, one_domain_zero, all_zero),
    sum_of_zero,
]
