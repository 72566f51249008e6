"""Brute force: the jackknife+ by as many least squares as rows, for test/workers/training/leave-one-out.test.ts.

/usr/bin/python3 leave-one-out.py > leave-one-out.json
"""
import json
import math

import numpy as np

rng = np.random.default_rng(20261126)
n = 40
a, b = rng.normal(1000, 3, n).round(3), rng.exponential(2, n).round(3)
group = np.array([["p", "q", "r"][i % 3] for i in range(n)], dtype="U5")
group[17] = "alone"
# A cell that is missing, which has an indicator of its own.
known = np.ones(n, bool)
known[[5, 12, 30]] = False
y = (2 * a - b + (group == "q") * 3 + rng.standard_t(3, n) * (1 + b / 2)).round(3)


def design(a, b, known, group):
    return np.column_stack(
        [np.ones(len(a)), a - 1000, np.where(known, b, 0.0), ~known, *[group == g for g in ("q", "r", "alone")]]
    ).astype(float)


fresh = dict(
    a=np.array([1001.5, 990.0, 1004.25]),
    b=np.array([0.5, 7.0, 0.0]),
    known=np.array([True, True, False]),
    group=np.array(["p", "q", "r"]),
)
X, new = design(a, b, known, group), design(**fresh)
residuals, said = [], []
for i in range(n):
    rest = np.arange(n) != i
    if np.linalg.matrix_rank(X[rest]) < X.shape[1]:
        residuals.append(None)
        said.append(None)
        continue
    beta = np.linalg.lstsq(X[rest], y[rest], rcond=None)[0]
    residuals.append(float(y[i] - X[i] @ beta))
    said.append(new @ beta)
intervals = []
for coverage in (0.8, 0.9):
    rank = math.ceil((n + 1) * coverage - 1e-12)
    ends = []
    for row in range(len(new)):
        low = sorted(-math.inf if r is None else s[row] - abs(r) for r, s in zip(residuals, said))
        high = sorted(math.inf if r is None else s[row] + abs(r) for r, s in zip(residuals, said))
        ends.append([low[n - rank], high[rank - 1]])
    intervals.append({"coverage": coverage, "ends": ends})
lines = ["a,b,group,y"] + [
    f"{a[i]},{b[i] if known[i] else ''},{group[i]},{y[i]}" for i in range(n)
]
rows = [
    {"a": fresh["a"][i], "b": fresh["b"][i] if fresh["known"][i] else None, "group": fresh["group"][i]} for i in range(3)
]
origin = f"numpy {np.__version__}: lstsq without each row, by leave-one-out.py"
print(json.dumps({"origin": origin, "csv": "\n".join(lines), "residuals": residuals, "rows": rows, "intervals": intervals}))
