"""Expected values of scikit-learn for operating-points.test.ts and importances.test.ts: /usr/bin/python3 explained-fixtures.py > explained-fixtures.json"""
import csv
import json
import sys

import numpy as np
import sklearn
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

# Scores with ties, as a classifier of few answers gives them.
rng = np.random.default_rng(7)
truths = rng.integers(0, 2, 60)
scores = np.round(np.clip(0.35 * truths + rng.uniform(0, 0.65, 60), 0, 1), 2)
fpr, tpr, thresholds = roc_curve(truths, scores, drop_intermediate=False)
precision, recall, at = precision_recall_curve(truths, scores)

with open("../../data/diabetes.csv") as file:
    rows = list(csv.DictReader(file))
label = "progression"
names = [name for name in rows[0] if name != label]
x = np.array([[float(row[name]) for name in names] for row in rows])
y = np.array([float(row[label]) for row in rows])
model = LinearRegression().fit(x, y)
found = permutation_importance(model, x, y, scoring="neg_mean_squared_error", n_repeats=200, random_state=1)

json.dump(
    {
        "version": sklearn.__version__,
        "truths": truths.tolist(),
        "scores": scores.tolist(),
        # The first point of roc_curve is that of no row at all.
        "roc": {"fpr": fpr[1:].tolist(), "tpr": tpr[1:].tolist(), "thresholds": thresholds[1:].tolist()},
        # By falling threshold; the last point of precision_recall_curve has none.
        "pr": {"precision": precision[:-1][::-1].tolist(), "recall": recall[:-1][::-1].tolist(), "thresholds": at[::-1].tolist()},
        "averagePrecision": average_precision_score(truths, scores),
        "diabetes": {
            "columns": names,
            "means": found.importances_mean.tolist(),
            "deviations": found.importances_std.tolist(),
        },
    },
    sys.stdout,
)
