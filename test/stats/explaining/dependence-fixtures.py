"""Expected values of scikit-learn for partial-dependence.test.ts and dependence.test.ts: /usr/bin/python3 dependence-fixtures.py > dependence-fixtures.json"""
import csv
import json
import sys

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence
from sklearn.inspection._partial_dependence import _partial_dependence_brute
from sklearn.linear_model import LinearRegression


class Formula(RegressorMixin, BaseEstimator):
    """A regression that is known: no weights to carry over."""

    def fit(self, x, y):
        self.fitted_ = True
        return self

    def predict(self, x):
        return np.tanh(1.5 * x[:, 0] - x[:, 0] * x[:, 1]) + 0.5 * x[:, 2] ** 2


rng = np.random.default_rng(3)
x = np.column_stack([np.round(rng.normal(size=60), 3), rng.integers(0, 7, 60), np.round(rng.uniform(-2, 2, 60), 3)])
model = Formula().fit(x, None)
columns = []
for feature in range(3):
    found = partial_dependence(model, x, [feature], grid_resolution=20, kind="both", method="brute")
    columns.append(
        {
            "values": found["values"][0].tolist(),
            "mean": found["average"][0].tolist(),
            "individual": found["individual"][0].tolist(),
        }
    )

with open("../../data/diabetes.csv") as file:
    rows = list(csv.DictReader(file))
label = "progression"
names = [name for name in rows[0] if name != label]
data = np.array([[float(row[name]) for name in names] for row in rows])
linear = LinearRegression().fit(data, np.array([float(row[label]) for row in rows]))
# Twenty values at equal shares of the rows from 5 % to 95 %, the answers averaged over 300 rows, evenly spread.
spread = data[[i * len(data) // 300 for i in range(300)]]
diabetes = {}
for name in ["bmi", "sex"]:
    feature = names.index(name)
    ordered = np.sort(data[:, feature])
    if len(set(ordered)) <= 20:
        values = sorted(set(ordered))
    else:
        shares = [0.05 + 0.9 * i / 19 for i in range(20)]
        values = sorted({ordered[int(share * (len(ordered) - 1) + 0.5)] for share in shares})
    mean, _ = _partial_dependence_brute(linear, np.array(values).reshape(-1, 1), [feature], spread, "auto")
    diabetes[name] = {"values": [float(value) for value in values], "mean": mean[0].tolist()}

json.dump({"version": sklearn.__version__, "x": x.tolist(), "columns": columns, "diabetes": diabetes}, sys.stdout)
