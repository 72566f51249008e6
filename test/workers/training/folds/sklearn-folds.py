"""Out-of-fold predictions by scikit-learn: writes sklearn-folds.json beside this file. Row i is in fold i % 5; scaling is fitted within each fold's training rows."""

import csv
import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

here = pathlib.Path(__file__).parent
l2 = 0.01


def read(name):
    with open(here / f"../../../data/{name}.csv") as file:
        rows = list(csv.reader(file))[1:]
    return numpy.array([row[:-1] for row in rows], float), [row[-1] for row in rows]


def groups(rows):
    return numpy.arange(rows) % 5


x, y = read("diabetes")
linear = cross_val_predict(LinearRegression(), x, numpy.array(y, float), groups=groups(len(x)), cv=LeaveOneGroupOut())

x, y = read("breast_cancer")
y = numpy.array([label == "malignant" for label in y], int)
logistic = numpy.zeros(len(x))
for train, test in LeaveOneGroupOut().split(x, y, groups(len(x))):
    # C·Σ loss + Σw²/2 is the mean loss + (l2/2)·Σw², times C·rows.
    model = LogisticRegression(C=1 / (l2 * len(train)), solver="newton-cholesky", tol=1e-12, max_iter=1000)
    logistic[test] = make_pipeline(StandardScaler(), model).fit(x[train], y[train]).predict_proba(x[test])[:, 1]

numbers = {"linear": linear, "logistic": logistic}
fixture = {"origin": f"sklearn-folds.py, scikit-learn {sklearn.__version__}"}
fixture |= {name: [float(f"{value:.12g}") for value in values] for name, values in numbers.items()}
(here / "sklearn-folds.json").write_text(json.dumps(fixture) + "\n")
