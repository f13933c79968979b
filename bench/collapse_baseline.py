"""The workloads of collapse.sh in NumPy on one core.

use: python3 collapse_baseline.py data FOLDER                       writes neuron.npz and pairs.npz
     python3 collapse_baseline.py neuron|pairs|pairs-loop FOLDER SEED
prints for each cell the mean of the statistic over replicas and its standard error, then the CPU seconds that the steps took and ns a replica-step
"""
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np

what, folder = sys.argv[1:3]
rng = np.random.Generator(np.random.SFC64(int(sys.argv[3]) if len(sys.argv) > 3 else 1))


def data():
    r = np.random.default_rng(1)
    x = r.standard_normal((32, 1))
    np.savez(folder + "/neuron.npz", x=x, y=x + .1 * r.standard_normal((32, 1)))
    x = r.standard_normal((80, 200))
    np.savez(folder + "/pairs.npz", x=x, y=x[:, :5].sum(1, keepdims=True))


def neuron(levels=(1., 2., 3., 4.), replicas=1000, steps=2000, h=.01):
    """θ ← θ − h∇L + √(ηh/m) Σ ξᵢ∇hᵢ, all replicas and levels at once."""
    d = np.load(folder + "/neuron.npz")
    x, y = d["x"][:, 0], d["y"][:, 0]
    m, size = len(x), len(levels) * replicas
    w = 1e-3 * rng.standard_normal((2, size, 1))
    kick = np.sqrt(np.repeat(levels, replicas)[:, None] * h / m)
    began = time.process_time()
    for _ in range(steps):
        t = np.tanh(w[0] * x)
        c = kick * rng.standard_normal((size, m)) - (h / m) * (w[1] * t - y)
        step = np.stack(((c * (1 - t * t)) @ x[:, None] * w[1], (c * t).sum(1, keepdims=True)))
        w += step
    took = time.process_time() - began
    return np.log(np.hypot(w[0], w[1])).reshape(len(levels), replicas), took, size * steps


def pairs(replicas=512, steps=4000, eta=.02):
    """All replicas at once, each on a row of its own."""
    d = np.load(folder + "/pairs.npz")
    X, Y = d["x"], d["y"][:, 0]
    u, v = .1 + .2 * rng.random((2, replicas, X.shape[1]))
    began = time.process_time()
    for _ in range(steps):
        i = rng.integers(len(Y), size=replicas)
        x = X[i]
        r = np.einsum("rj,rj,rj->r", u, v, x) - Y[i]
        x *= (eta * r)[:, None]
        g = x * v
        x *= u
        v -= x
        u -= g
    took = time.process_time() - began
    return (((u * v) @ X.T - Y) ** 2).mean(1)[None] / 2, took, replicas * steps


def pairs_loop(replicas=16, steps=4000, eta=.02):
    """One replica after the other."""
    d = np.load(folder + "/pairs.npz")
    X, Y = d["x"], d["y"][:, 0]
    loss = np.empty(replicas)
    began = time.process_time()
    for k in range(replicas):
        u, v = .1 + .2 * rng.random((2, X.shape[1]))
        for _ in range(steps):
            i = rng.integers(len(Y))
            g = eta * ((u * v) @ X[i] - Y[i]) * X[i]
            u, v = u - g * v, v - g * u
        loss[k] = ((X @ (u * v) - Y) ** 2).mean() / 2
    return loss[None], time.process_time() - began, replicas * steps


if what == "data":
    data()
else:
    values, took, steps = {"neuron": neuron, "pairs": pairs, "pairs-loop": pairs_loop}[what]()
    for row in values:
        print(row.mean(), row.std(ddof=1) / np.sqrt(len(row)))
    print(took, 1e9 * took / steps)
