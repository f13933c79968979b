"""The workloads W1 … W5 of README.md in PyTorch, vectorised over replicas, with gradients written out or by autograd.

use: python3 torch_baseline.py W1 manual|autograd f32|f64 THREADS      (STEPS=n in the environment: n steps, for the check)
"""
import os
import sys
import time

import torch

name, how, precision, threads = (sys.argv[1:] + ["W1", "manual", "f64", "1"][len(sys.argv) - 1:])[:4]
torch.set_num_threads(int(threads))
torch.manual_seed(1)
torch.set_default_dtype(torch.float32 if precision == "f32" else torch.float64)
R = {"W1": 8192, "W2": 8192, "W3": 4096, "W4": 100000, "W5": 64}[name]
auto = how == "autograd"
T = lambda a: a.transpose(1, 2)


def uniforms(n):
    """n numbers of each replica's start: s ← 1664525 s + 1013904223 modulo 2³², from s = r + 1."""
    s = torch.arange(1, R + 1, dtype=torch.int64)
    out = torch.empty(R, n, dtype=torch.float64)
    for i in range(n):
        s = (1664525 * s + 1013904223) % 2**32
        out[:, i] = s.double() / 2**32
    return out


def layers(width, unit, spread, u):
    w = spread * (u[:, :3 * width * width].reshape(R, 3, width, width) - .5) + unit * torch.eye(width, dtype=torch.float64)
    return [w[:, l].to(torch.get_default_dtype()).contiguous().requires_grad_(auto) for l in range(3)]


def squares(W):
    return sum((w.detach().double() ** 2).sum((1, 2)) for w in W)


def w1():
    W, M = layers(5, .5, .1, uniforms(75)), torch.diag(torch.tensor([1, .8, .6, .4, .2]))
    def step():
        W1, W2, W3 = W
        if auto:
            g = torch.autograd.grad(.5 * ((W3 @ W2 @ W1 - M) ** 2).sum(), W)
        else:
            P = torch.bmm(W2, W1)
            E = torch.bmm(W3, P) - M
            B = torch.bmm(T(W3), E)
            g = torch.bmm(T(W2), B), torch.bmm(B, T(W1)), torch.bmm(E, T(P))
        with torch.no_grad():
            for w, d in zip(W, g):
                w.add_(d, alpha=-.05).add_(torch.randn(R, 5, 5), alpha=.003)
    return step, lambda: squares(W)


def w2():
    i, j = torch.arange(64.)[:, None], torch.arange(5.)[None]
    X = 1.4 * torch.sin(1 + 7 * i + 13 * j)
    Y = X @ torch.diag(torch.tensor([1, .8, .6, .4, .2])) + .1 * torch.cos(3 * i + 5 * j)
    W = layers(5, .5, .1, uniforms(75))
    def step():
        W1, W2, W3 = W
        rows = torch.randint(0, 64, (R, 4))
        x, y = T(X[rows]), T(Y[rows])
        if auto:
            g = torch.autograd.grad(.5 * ((W3 @ (W2 @ (W1 @ x)) - y) ** 2).sum(), W)
        else:
            h1 = torch.bmm(W1, x)
            h2 = torch.bmm(W2, h1)
            e = torch.bmm(W3, h2) - y
            d2 = torch.bmm(T(W3), e)
            d1 = torch.bmm(T(W2), d2)
            g = torch.bmm(d1, T(x)), torch.bmm(d2, T(h1)), torch.bmm(e, T(h2))
        with torch.no_grad():
            for w, d in zip(W, g):
                w.add_(d, alpha=-.0125)
    return step, lambda: squares(W)


def w3():
    i, j = torch.arange(40.)[:, None], torch.arange(100.)[None]
    X = 1.4 * torch.sin(1 + .37 * i * j + j)
    Y = X[:, :5].sum(1)
    u, v = torch.full((R, 100), .3).requires_grad_(auto), torch.full((R, 100), .3).requires_grad_(auto)
    def step():
        rows = torch.randint(0, 40, (R,))
        x, y = X[rows], Y[rows] + .5 * (2. * torch.randint(0, 2, (R,)) - 1)
        if auto:
            gu, gv = torch.autograd.grad(.5 * (((u * u - v * v) * x).sum(1) - y).square().sum(), (u, v))
            with torch.no_grad():
                u.sub_(.001 * gu)
                v.sub_(.001 * gv)
        else:
            t = (2 * .001 * (((u * u - v * v) * x).sum(1) - y))[:, None] * x
            u.addcmul_(t, u, value=-1)
            v.addcmul_(t, v)
    return step, lambda: (u * u - v * v).detach().double().abs().sum(1)


def w4():
    x, met = -torch.ones(R, requires_grad=auto), torch.full((R,), -1, dtype=torch.int64)
    t = [0]
    def step():
        g, = torch.autograd.grad((.25 * x ** 4 - .5 * x ** 2).sum(), x) if auto else (x * x * x - x,)
        with torch.no_grad():
            x.add_(g, alpha=-.01).add_(torch.randn(R), alpha=.0316228)
            met.masked_fill_((x > 0) & (met < 0), t[0])
        t[0] += 1
    return step, lambda: (met >= 0).double()


def w5():
    M, mm = torch.diag(1 / (1 + torch.arange(64.))), torch.bmm
    u = uniforms(6 * 4096)
    W = layers(64, .3, .15, u)
    V = [(u[:, (3 + l) * 4096:(4 + l) * 4096].reshape(R, 64, 64) - .5).to(torch.get_default_dtype()).contiguous() for l in range(3)]
    top, n = [torch.zeros(R)], [0]
    def power(product):
        for _ in range(5):
            H = product(V)
            top[0] = sum((h ** 2).sum((1, 2)) for h in H).sqrt()
            for k in range(3):
                V[k] = H[k] / top[0][:, None, None]
    def step():
        W1, W2, W3 = W
        look = n[0] % 10 == 0
        if auto:
            g = torch.autograd.grad(.5 * ((W3 @ W2 @ W1 - M) ** 2).sum(), W, create_graph=look)
            if look:
                power(lambda V: torch.autograd.grad(g, W, V, retain_graph=True))
        else:
            P = mm(W2, W1)
            E = mm(W3, P) - M
            B = mm(T(W3), E)
            def product(V):
                dP = mm(V[1], W1).baddbmm_(W2, V[0])
                dE = mm(V[2], P).baddbmm_(W3, dP)
                dB = mm(T(V[2]), E).baddbmm_(T(W3), dE)
                return mm(T(V[1]), B).baddbmm_(T(W2), dB), mm(dB, T(W1)).baddbmm_(B, T(V[0])), mm(dE, T(P)).baddbmm_(E, T(dP))
            if look:
                power(product)
            g = mm(T(W2), B), mm(B, T(W1)), mm(E, T(P))
        with torch.no_grad():
            for w, d in zip(W, g):
                w.add_(d.detach(), alpha=-.05)
        n[0] += 1
    return step, lambda: top[0].detach().double()[:1]


def main():
    step, check = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5}[name]()
    fixed, rates, total = int(os.environ.get("STEPS", 0)), [0.], 0
    with torch.set_grad_enabled(auto):
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
    se = float(x.std() / len(x) ** .5) if len(x) > 1 else 0
    print("# check %.6g %.2g after %d steps; max %.4g" % (float(x.mean()), se, total, rates[-1]), file=sys.stderr)
    print(name, "torch-%s-%s" % (how, precision), threads, "%.4g" % rates[len(rates) // 2])


main()
