"""Methods that a config can't hold."""

from tests.bad_inputs.bad_input import BadInput
from tests.bad_inputs.configs import LONG, changed


def method(wrong: str, content: str, says: str) -> BadInput:
    """A config of one method that holds this."""
    new = f"methods: [{{name: Deep-All, {content}}}]"
    return changed(wrong, "methods: [Deep-All]", new, says)


def strategy(wrong: str, content: str, says: str) -> BadInput:
    """A config of a strategy of this class and config."""
    return method(wrong, f"strategy: {{{content}}}", says)


def objective(wrong: str, content: str, says: str) -> BadInput:
    """A config of an objective of this class and config."""
    return method(wrong, f"objective: {{{content}}}", says)


ROWS = [
    changed(
        "a method that is none",
        "[Deep-All]",
        "[Deep-Al]",
        "{path}: `methods.0`: must be the name of a method, or keys and values with a "
        "`name`. Received: 'Deep-Al'; nearest: Deep-All",
    ),
    changed(
        "a method that is a number",
        "[Deep-All]",
        "[3]",
        "{path}: `methods.0`: must be the name of a method, or keys and values with a "
        "`name`. Received: 3; nearest: Deep-All, Agr-Sum, Agr-Rand, PCGrad, IRM, MLDG, "
        "Mixup, DRO",
    ),
    changed(
        "no methods",
        "[Deep-All]",
        "[]",
        "{path}: `methods`: list should have at least 1 item after validation, not 0. Received: []",
    ),
    changed(
        "methods of one name",
        "[Deep-All]",
        "[Deep-All, Deep-All]",
        "{path}: `methods` must have different names. Received: ['Deep-All', 'Deep-All']",
    ),
    changed(
        "methods without the baseline",
        "[Deep-All]",
        "[Agr-Sum]",
        "{path}: `baseline` must be the name of one of the `methods`, such as 'Agr-Sum'. "
        "Received: baseline='Deep-All'",
    ),
    changed(
        "a known method's name with another strategy alone",
        "[Deep-All]",
        "[Deep-All, {name: Mixup, strategy: agr_sum}]",
        "{path}: `methods.1`: `objective` and `strategy` must both be given where they are not "
        "mixup and mean, which the name Mixup stands for. Received: strategy='agr_sum' alone",
    ),
    changed(
        "a known method's name with another objective alone",
        "[Deep-All]",
        "[Deep-All, {name: Agr-Sum, objective: {class_name: empirical_risk}}]",
        "{path}: `methods.1`: `objective` and `strategy` must both be given where they are not "
        "empirical_risk and agr_sum, which the name Agr-Sum stands for. Received: "
        "objective={'class_name': 'empirical_risk'} alone",
    ),
    changed(
        "a method without a name",
        "[Deep-All]",
        "[{name: ''}]",
        "{path}: `methods.0.name`: must be 1 to 200 bytes of printable text, since "
        "tables and files are called so. Received: ''",
    ),
    changed(
        "a method whose name is too long",
        "[Deep-All]",
        f"[{{name: {LONG}}}]",
        "{path}: `methods.0.name`: must be 1 to 200 bytes of printable text, since "
        "tables and files are called so. Received: "
        "'xxxxxxxxxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
    ),
    method(
        "batches of another kind",
        "batches: one",
        "{path}: `methods.0.batches`: input should be 'each_domain' or 'one_domain'. "
        "Received: 'one'",
    ),
    method(
        "a method's rate without end",
        "learning_rate: .inf",
        "{path}: `methods.0.learning_rate`: input should be a finite number. Received: inf",
    ),
    method(
        "a target's decay that is too large",
        "targets: {photo: {weight_decay: 1e30}}",
        "{path}: `methods.0.targets.photo.weight_decay`: must be a number from 0 to "
        "1000. Received: 1e+30",
    ),
    method(
        "a strategy that is none",
        "strategy: agr_sun",
        "{path}: `methods.0`: `strategy` must be the name of a dg_keras strategy: mean, "
        "agr_sum, agr_rand, pcgrad, "
        "grad_vac, mgda, cagrad, nash_mtl, imtl_g, aligned_mtl, upgrad, dual_proj, fair_grad, "
        "and_mask, sand_mask, grad_drop, trimmed_mean, geometric_mean. "
        "Received: 'agr_sun'; nearest: agr_sum",
    ),
    method(
        "a strategy that is a number",
        "strategy: 3",
        "{path}: `methods.0.strategy`: must be a name, or keys and values with "
        "`class_name` and `config`. Received: 3",
    ),
    strategy(
        "a strategy without a class",
        "config: {seed: 1}",
        "{path}: `methods.0`: `strategy` must be a dg_keras strategy, its name, or a "
        "dict with `class_name` and `config`. Received: {'config': {'seed': 1}}",
    ),
    strategy(
        "a strategy's class that is a list",
        "class_name: [agr_rand]",
        "{path}: `methods.0`: `class_name` of `strategy` must be text. Received: "
        "class_name=['agr_rand']",
    ),
    strategy(
        "a strategy's config that is a number",
        "class_name: agr_rand, config: 3",
        "{path}: `methods.0`: `config` of `strategy` must be keys and values. Received: config=3",
    ),
    strategy(
        "a strategy's key that is no key",
        "class_name: agr_rand, confg: {seed: 1}",
        "{path}: `methods.0`: `strategy` must be a dict with `class_name` and `config`. "
        "Received: one with 'confg'",
    ),
    strategy(
        "a strategy's argument it has not",
        "class_name: agr_rand, config: {noise: 1}",
        "{path}: `methods.0`: AgrRand takes seed, zero_agrees. Received: noise",
    ),
    strategy(
        "a strategy's seed too large",
        f"class_name: agr_rand, config: {{seed: {2**63}}}",
        "{path}: `methods.0`: `seed` must be an integer of 64 bits, or None. Received: "
        "seed=9223372036854775808",
    ),
    strategy(
        "a strategy's bool",
        "class_name: agr_rand, config: {zero_agrees: yes}",
        "{path}: `methods.0`: `zero_agrees` must be True or False. Received: zero_agrees='yes'",
    ),
    objective(
        "a penalty without end",
        "class_name: irm, config: {penalty_weight: .inf}",
        "{path}: `methods.0.objective`: must hold finite numbers. Received: inf",
    ),
    objective(
        "a penalty too large",
        "class_name: irm, config: {penalty_weight: 1e30}",
        "{path}: `methods.0`: `penalty_weight` must be a number of at least 0, and at "
        "most 1e+09. Received: penalty_weight=1e+30",
    ),
    objective(
        "a penalty of so many digits",
        f"class_name: irm, config: {{penalty_weight: {10**90}}}",
        "{path}: `methods.0`: `penalty_weight` must be a number of at least 0, and at "
        "most 1e+09. Received: penalty_weight=<an integer of 299 bits>",
    ),
    objective(
        "a negative penalty",
        "class_name: irm, config: {penalty_weight: -1}",
        "{path}: `methods.0`: `penalty_weight` must be a number of at least 0, and at "
        "most 1e+09. Received: penalty_weight=-1",
    ),
    objective(
        "no number of steps",
        "class_name: irm, config: {anneal_steps: .nan}",
        "{path}: `methods.0.objective`: must hold finite numbers. Received: nan",
    ),
    objective(
        "steps too many",
        f"class_name: irm, config: {{anneal_steps: {10**30}}}",
        "{path}: `methods.0`: `anneal_steps` must be a whole number of at least 0 and "
        "below 2^31. Received: anneal_steps=1000000000000000000000000000000",
    ),
    objective(
        "a rate of weights",
        "class_name: group_dro, config: {eta: true}",
        "{path}: `methods.0`: `eta` must be a number of at least 0, and at most 1e+09. "
        "Received: eta=True",
    ),
    objective(
        "a distribution that is none",
        "class_name: mixup, config: {alpha: 0}",
        "{path}: `methods.0`: `alpha` must be a positive number, and at most 1e+09. "
        "Received: alpha=0",
    ),
    method(
        "a key of a method that is no key",
        "strateg: mean",
        "{path}: `methods.0.strateg` is not a key. Nearest: strategy, targets, batches",
    ),
    method(
        "a key of a target's that is no key",
        "targets: {photo: {rate: 1}}",
        "{path}: `methods.0.targets.photo.rate` is not a key. Nearest: learning_rate",
    ),
    method(
        "a key beside a target called like a key",
        "targets: {weight_decay: {rate: 1}}",
        "{path}: `methods.0.targets.weight_decay.rate` is not a key. Nearest: learning_rate",
    ),
]
