"""Writes glm-fixtures.json: ordinary least squares, logistic, multinomial and Poisson regression of statsmodels on one small table.

    /usr/bin/python3 test/stats/coefficients/glm-fixtures.py
"""
import json
import pathlib

import numpy as np
import statsmodels.api as sm

random = np.random.default_rng(5)
rows = 120
x = np.round(random.normal(40, 12, rows), 1)
g = random.integers(0, 3, rows)
design = np.column_stack([np.ones(rows), x, g == 1, g == 2]).astype(float)
eta = 0.04 * (x - 40) + 0.3 * (g == 1) - 0.4 * (g == 2)
labels = {
    "linear": np.round(3 + 2 * eta + random.normal(0, 1, rows), 2),
    "logistic": (random.uniform(size=rows) < 1 / (1 + np.exp(-eta))).astype(float),
    "poisson": random.poisson(np.exp(0.8 + eta)).astype(float),
    "softmax": np.argmax(np.column_stack([np.zeros(rows), eta, -eta + 0.3]) + random.gumbel(size=(rows, 3)), axis=1).astype(float),
}
models = {"linear": sm.OLS, "logistic": sm.Logit, "poisson": lambda y, d: sm.GLM(y, d, family=sm.families.Poisson()), "softmax": sm.MNLogit}
out = {"x": x.tolist(), "g": g.tolist(), "models": {}}
for name, model in models.items():
    fit = model(labels[name], design).fit(**({} if name in ("linear", "poisson") else {"disp": 0, "method": "newton", "tol": 1e-12}))
    column = lambda values: np.asarray(values).T.ravel().tolist()
    interval = np.asarray(fit.conf_int()).reshape(-1, 2)
    out["models"][name] = {
        "labels": labels[name].tolist(), "estimates": column(fit.params), "errors": column(fit.bse), "pValues": column(fit.pvalues),
        "lower": interval[:, 0].tolist(), "upper": interval[:, 1].tolist(), "logLikelihood": float(fit.llf)}
poisson = out["models"]["poisson"]
fit = models["poisson"](labels["poisson"], design).fit()
poisson["deviance"], poisson["nullDeviance"] = float(fit.deviance), float(fit.null_deviance)
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
