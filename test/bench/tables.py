"""scikit-learn beside tables.mjs: the split of each table, and with "fit" its own systems on the same rows, as they come.

Reads lines {"file", "kind", "seed", "fit"}; answers {"train": [row], "test": [row], "scores": {system: {metric: value}}}.
"""
import json
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer, make_column_selector
from sklearn.ensemble import (HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier,
                              RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_poisson_deviance, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")


def inputs(scaled):
    numbers = [SimpleImputer(strategy="median")] + ([StandardScaler()] if scaled else [])
    return make_column_transformer(
        (make_pipeline(*numbers), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_exclude="number")))


def systems(kind):
    if kind == "classification":
        return {"linear": (LogisticRegression(max_iter=2000), True), "mlp": (MLPClassifier(max_iter=500, random_state=0), True),
                "forest": (RandomForestClassifier(random_state=0), False),
                "boosting": (HistGradientBoostingClassifier(random_state=0), False)}
    boosting = {"loss": "poisson"} if kind == "count" else {}
    return {"linear": (PoissonRegressor() if kind == "count" else Ridge(), True), "mlp": (MLPRegressor(max_iter=500, random_state=0), True),
            "forest": (RandomForestRegressor(random_state=0), False),
            "boosting": (HistGradientBoostingRegressor(random_state=0, **boosting), False)}


def score(kind, model, train, test):
    (x, y), (u, v) = train, test
    if kind == "classification":
        chances = np.clip(model.predict_proba(u), 1e-6, 1)
        return {"accuracy": accuracy_score(v, model.predict(u)), "logLoss": log_loss(v, chances, labels=model.classes_)}
    if kind == "count":
        return {"deviance": mean_poisson_deviance(v, np.maximum(model.predict(u), y.mean() / 10))}
    return {"r2": r2_score(v, model.predict(u))}


for line in sys.stdin:
    request = json.loads(line)
    kind = request["kind"]
    table = pd.read_csv(request["file"])
    x, y = table.iloc[:, :-1], table.iloc[:, -1]
    rows = np.arange(len(y))
    train, test = train_test_split(rows, test_size=0.2, random_state=request["seed"],
                                   stratify=y if kind == "classification" else None)
    scores = {}
    if request["fit"]:
        for name, (estimator, scaled) in systems(kind).items():
            model = make_pipeline(inputs(scaled), estimator).fit(x.iloc[train], y.iloc[train])
            scores[name] = score(kind, model, (x.iloc[train], y.iloc[train]), (x.iloc[test], y.iloc[test]))
    print(json.dumps({"train": train.tolist(), "test": test.tolist(), "scores": scores}), flush=True)
