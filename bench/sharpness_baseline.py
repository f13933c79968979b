"""The two largest eigenvalues of the Hessian along descent, by SciPy on PyTorch's Hessian–vector products: see README.md.

use: python3 sharpness_baseline.py cold|warm RATE STEPS EVERY START.npy

Descends on ½‖W₄W₃W₂W₁ − M‖², 32 × 32, M = diag(5/i), from the weights in START.npy, and every EVERY steps asks for the two largest eigenvalues
with a residual of at most 1e-6: cold by eigsh, warm by lobpcg from the eigenvectors of one step before. Prints step, eigenvalues, the largest residual,
milliseconds and products of each reading, without those that prepare a warm one.
"""
import sys
import time

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh, lobpcg

how, rate, steps, every, start = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
width, depth = 32, 4
target = torch.diag(torch.tensor([5 / (i + 1) for i in range(width)]))
weights = [torch.from_numpy(w.copy()).requires_grad_(True) for w in np.load(start).reshape(depth, width, width)]
dim = depth * width * width


def loss():
    p = weights[0]
    for w in weights[1:]:
        p = w @ p
    return .5 * ((p - target) ** 2).sum()


def operator():
    flat = torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss(), weights, create_graph=True)])
    count = [0]

    def product(v):
        count[0] += 1
        v = torch.from_numpy(np.ascontiguousarray(v.reshape(-1)))
        return torch.cat([g.reshape(-1) for g in torch.autograd.grad(flat, weights, v, retain_graph=True)]).numpy()

    return LinearOperator((dim, dim), matvec=product, matmat=lambda x: np.stack([product(c) for c in x.T], 1), dtype=float), count


def residual(a, values, vectors):
    r = np.stack([a.matvec(c) for c in vectors.T], 1) - vectors * values
    return max(np.linalg.norm(r, axis=0) / abs(values))


last = None
for step in range(steps + 1):
    if step % every == 0 or how == "warm" and (step + 1) % every == 0:
        begun = time.perf_counter()
        a, count = operator()
        if how == "cold" or last is None:
            values, vectors = eigsh(a, k=2, which="LA", tol=1e-6)
        else:
            # lobpcg's tolerance is of ‖Hv − λv‖ itself
            values, vectors = lobpcg(a, last, tol=1e-6 * last_value, maxiter=200, largest=True)
        took = time.perf_counter() - begun
        if step % every == 0:
            order = np.argsort(values)[::-1]
            print(step, *["%.9f" % v for v in values[order]], "%.2e" % residual(a, values, vectors), "%.4f" % (1e3 * took), count[0])
        last, last_value = vectors, min(abs(values))
    gradients = torch.autograd.grad(loss(), weights)
    with torch.no_grad():
        for w, g in zip(weights, gradients):
            w -= rate * g
