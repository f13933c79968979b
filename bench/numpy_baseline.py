"""The workloads W1 … W5 of README.md in NumPy, vectorised over replicas.

use: python3 numpy_baseline.py W1 f32|f64 THREADS      (threads act on matrix products only; STEPS=n: n steps, for the check)
"""
import os
import sys
import time

name, precision, threads = (sys.argv[1:] + ["W1", "f64", "1"][len(sys.argv) - 1:])[:3]
for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[key] = threads
import numpy as np

real = np.float32 if precision == "f32" else np.float64
R = {"W1": 8192, "W2": 8192, "W3": 4096, "W4": 100000, "W5": 64}[name]
rng = np.random.Generator(np.random.SFC64(1))
as_real = lambda a: np.ascontiguousarray(a, dtype=real)
T = lambda a: a.transpose(0, 2, 1)


def uniforms(n):
    """n numbers of each replica's start: s ← 1664525 s + 1013904223 modulo 2³², from s = r + 1."""
    s, out = np.arange(1, R + 1, dtype=np.uint64), np.empty((R, n))
    for i in range(n):
        s = (np.uint64(1664525) * s + np.uint64(1013904223)) % np.uint64(2**32)
        out[:, i] = s / 2.**32
    return out


def layers(width, unit, spread, u):
    w = spread * (u[:, :3 * width * width].reshape(R, 3, width, width) - .5) + unit * np.eye(width)
    return [as_real(w[:, l]) for l in range(3)]


def squares(W):
    return sum((w.astype(np.float64) ** 2).sum((1, 2)) for w in W)


def w1():
    W, M = layers(5, .5, .1, uniforms(75)), as_real(np.diag([1, .8, .6, .4, .2]))
    def step():
        W1, W2, W3 = W
        P = W2 @ W1
        E = W3 @ P - M
        B = T(W3) @ E
        for w, g in zip(W, (T(W2) @ B, B @ T(W1), E @ T(P))):
            g *= real(.05)
            w -= g
            z = rng.standard_normal((R, 5, 5), dtype=real)
            z *= real(.003)
            w += z
    return step, lambda: squares(W)


def w2():
    i, j = np.arange(64.)[:, None], np.arange(5.)[None]
    X = 1.4 * np.sin(1 + 7 * i + 13 * j)
    Y = as_real(X @ np.diag([1, .8, .6, .4, .2]) + .1 * np.cos(3 * i + 5 * j))
    X, W = as_real(X), layers(5, .5, .1, uniforms(75))
    def step():
        W1, W2, W3 = W
        rows = rng.integers(0, 64, (R, 4))
        x, y = T(X[rows]), T(Y[rows])
        h1 = W1 @ x
        h2 = W2 @ h1
        e = W3 @ h2 - y
        d2 = T(W3) @ e
        d1 = T(W2) @ d2
        for w, g in zip(W, (d1 @ T(x), d2 @ T(h1), e @ T(h2))):
            g *= real(.0125)
            w -= g
    return step, lambda: squares(W)


def w3():
    i, j = np.arange(40.)[:, None], np.arange(100.)[None]
    X = 1.4 * np.sin(1 + .37 * i * j + j)
    Y, X = as_real(X[:, :5].sum(1)), as_real(X)
    u, v = np.full((R, 100), .3, real), np.full((R, 100), .3, real)
    def step():
        rows = rng.integers(0, 40, R)
        x, y = X[rows], Y[rows] + (rng.integers(0, 2, R) - .5).astype(real)
        t = (real(.002) * (((u * u - v * v) * x).sum(1) - y))[:, None] * x
        np.multiply(u, 1 - t, out=u)
        np.multiply(v, 1 + t, out=v)
    return step, lambda: np.abs((u * u - v * v).astype(np.float64)).sum(1)


def w4():
    x, met, t = -np.ones(R, real), np.full(R, -1, np.int64), [0]
    def step():
        g = x * x * x - x
        g *= real(.01)
        np.subtract(x, g, out=x)
        z = rng.standard_normal(R, dtype=real)
        z *= real(.0316228)
        np.add(x, z, out=x)
        met[(x > 0) & (met < 0)] = t[0]
        t[0] += 1
    return step, lambda: (met >= 0).astype(float)


def w5():
    M, u = as_real(np.diag(1 / (1 + np.arange(64.)))), uniforms(6 * 4096)
    W = layers(64, .3, .15, u)
    V = [as_real(u[:, (3 + l) * 4096:(4 + l) * 4096].reshape(R, 64, 64) - .5) for l in range(3)]
    top, n = [np.zeros(R)], [0]
    def step():
        W1, W2, W3 = W
        P = W2 @ W1
        E = W3 @ P - M
        B = T(W3) @ E
        if n[0] % 10 == 0:
            for _ in range(5):
                dP = V[1] @ W1 + W2 @ V[0]
                dE = V[2] @ P + W3 @ dP
                dB = T(V[2]) @ E + T(W3) @ dE
                H = T(V[1]) @ B + T(W2) @ dB, dB @ T(W1) + B @ T(V[0]), dE @ T(P) + E @ T(dP)
                top[0] = np.sqrt(sum((h ** 2).sum((1, 2)) for h in H))
                for k in range(3):
                    V[k] = H[k] / top[0][:, None, None]
        for w, g in zip(W, (T(W2) @ B, B @ T(W1), E @ T(P))):
            w -= real(.05) * g
        n[0] += 1
    return step, lambda: top[0].astype(float)[:1]


step, check = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5}[name]()
fixed, rates = int(os.environ.get("STEPS", 0)), [0.]
for _ in range(fixed):
    step()
total = fixed
for k in range(0 if fixed else 8):
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < .3:
        for _ in range(10 if name == "W5" else 5):
            step()
            done += 1
    total += done
    if k:
        rates.append(R * done / (time.perf_counter() - began))
rates = sorted(rates[1:] or rates)
x = check()
se = x.std(ddof=1) / len(x) ** .5 if len(x) > 1 else 0
print("# check %.6g %.2g after %d steps; max %.4g" % (x.mean(), se, total, rates[-1]), file=sys.stderr)
print(name, "numpy-" + precision, threads, "%.4g" % rates[len(rates) // 2])
