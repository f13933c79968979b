"""Turns the lines of compare.sh into docs/performance.md: agreement first, then medians, spreads and ratios."""
import datetime
import os
import platform
import re
import statistics
import subprocess
import sys

lines, out = sys.argv[1:3]
TARGETS = {"W1": (.85, 15, 7), "W2": (.80, 22, 17), "W3": (.80, 15, 17), "W4": (.85, 12, 4.5), "W5": (.80, 2, 1)}
checks, rates = {}, {}
for line in open(lines):
    f = line.split()
    if f[0] == "check" and len(f) > 4:
        checks.setdefault(f[1], {})[f[2]] = float(f[3]), float(f[4])
    elif f[0] == "rate" and len(f) == 7:
        rates.setdefault((f[3], int(f[5])), {}).setdefault(f[2], {})[int(f[1])] = float(f[6])


def agree(w):
    """Whether every program's check is the product's, within 4.5 standard errors (W5: six digits of one number, float32 five in 10⁴)."""
    x, sx = checks[w]["product"]
    return {p: abs(y - x) <= (4.5 * (sx * sx + sy * sy) ** .5 if sx + sy > 0 else (5e-4 if "f32" in p else 2e-6) * abs(x)) for p, (y, sy) in checks[w].items()}


def shell(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "not there"


def version(module):
    try:
        return __import__(module).__version__
    except ImportError:
        return "not installed"


def number(x):
    return "%.3g" % x if x < 1000 else "%.2e" % x


cpu, flags = platform.processor() or "unknown", ""
if os.path.exists("/proc/cpuinfo"):
    info = open("/proc/cpuinfo").read()
    cpu = re.search(r"model name\s*: (.*)", info).group(1)
    flags = "AVX-512" if " avx512f" in info else "AVX2" if " avx2" in info else "no AVX2"
wrong = [(w, p) for w in checks for p, good in agree(w).items() if not good]
text = ["# How fast, and beside what", "",
        "Written by `bench/compare.sh`. [bench/README.md](../bench/README.md) defines the workloads. Rates are replica-steps per second; only ratios count,",
        "each taken between runs of one round, in which the programs take turns. *C* is `bench/baseline.c`, float64 with the product's generator (f64m: normals",
        "of float32, widened, as the product has them; f64: of float64).", "",
        "%s, %d cores, %s; %s; %s; PyTorch %s, NumPy %s; %s." % (cpu, os.cpu_count(), flags, shell("gcc", "--version"), shell("go", "version"), version("torch"), version("numpy"), datetime.date.today()), "",
        "## Results agree", "", "| | " + " | ".join(sorted(next(iter(checks.values())), key=lambda p: p != "product")) + " |"]
text.append("| --- " * (text[-1].count("|") - 1) + "|")
for w, of in checks.items():
    good = agree(w)
    text.append("| %s | " % w + " | ".join([""] + ["%.6g ± %.2g%s" % (*of[p], "" if good[p] else " **differs**") if p in of else "" for p in sorted(next(iter(checks.values())), key=lambda p: p != "product")])[3:] + " |")
for t in sorted({t for _, t in rates}):
    text += ["", "## %d core%s" % (t, "s" if t > 1 else ""), ""]
    names = [p for p in ("product", "c-f64m", "c-f64", "torch-f64", "torch-f32", "torch-autograd-f32", "numpy-f64", "numpy-f32") if any(p in r for (_, u), r in rates.items() if u == t)]
    text += ["| | " + " | ".join(names) + " |", "| --- " * (len(names) + 1) + "|"]
    for (w, u), of in rates.items():
        if u == t and w != "W1-one" and not any(x == w for x, _ in wrong):
            text.append("| %s | " % w + " | ".join("%s (%s–%s)" % (number(statistics.median(v)), number(min(v)), number(max(v))) if (v := list(of.get(p, {}).values())) else "" for p in names) + " |")
    text += ["", "Medians of the rounds' ratios, with their least and greatest, beside the targets for one core:" if t == 1 else "Medians of the rounds' ratios:", "",
             "| | of C | target | × PyTorch f64 | target | × PyTorch f32 | target |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for (w, u), of in rates.items():
        if u != t or w == "W1-one" or any(x == w for x, _ in wrong):
            continue
        row = [w]
        for p, target in zip(("c-f64m", "torch-f64", "torch-f32"), TARGETS[w]):
            r = [of["product"][k] / of[p][k] for k in of["product"] if k in of.get(p, {})]
            row += ["%.2f (%.2f–%.2f)" % (statistics.median(r), min(r), max(r)) if r else "", "%g%s" % (target, "" if not r else ", met" if statistics.median(r) >= target else ", missed") if t == 1 else ""]
        text.append("| " + " | ".join(row) + " |")
    if t > 1:
        more = ["%s %.2f" % (w, statistics.median(of["product"].values()) / statistics.median(rates[w, 1]["product"].values())) for (w, u), of in rates.items() if u == t and (w, 1) in rates and "product" in of]
        text += ["", "The product on %d cores, times its rate on one: %s." % (t, ", ".join(more))]
one = rates.get(("W1-one", 1), {}).get("one", {})
if one and ("W1", 1) in rates:
    r = [one[k] / (rates["W1", 1]["c-f64m"][k] / 8) for k in one if k in rates["W1", 1].get("c-f64m", {})]
    text += ["", "One replica of W1 alone: %s steps per second, %.2f (%.2f–%.2f) of the steps of a pack of eight in C." % (number(statistics.median(one.values())), statistics.median(r), min(r), max(r))]
notes = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notes.md")
if os.path.exists(notes):
    text += ["", open(notes).read().rstrip()]
open(out, "w").write("\n".join(text) + "\n")
for w, p in wrong:
    print("compare: %s: %s differs from the product; no rates are quoted" % (w, p), file=sys.stderr)
sys.exit(1 if wrong else 0)
