"""Writes inference-fixtures.json: linear models by statsmodels, for the tests of solved ones. Run with Debian's python3-statsmodels (0.13)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm

here = Path(__file__).parent
random = np.random.default_rng(20261126)
rows = 160
x = np.round(random.normal(50, 12, rows), 3)
z = np.round(random.gamma(2, 3, rows), 3)
g = random.integers(0, 3, rows)
site = random.integers(0, 20, rows)
shift = random.normal(0, 0.5, 20)[site]
eta = -2 + 0.04 * x - 0.1 * z + np.array([0, 0.7, -0.5])[g] + shift
data = pd.DataFrame({
    "x": x,
    "z": z,
    "g": np.array(["a", "b", "c"])[g],
    "site": site,
    "number": np.round(3 + 2 * eta + random.normal(0, 0.05 * x), 4),
    "binary": random.binomial(1, 1 / (1 + np.exp(-eta))),
    "count": random.poisson(np.exp(eta / 2)),
})
data.to_csv(here / "inference.csv", index=False)


def design(frame, without=()):
    columns = {"(intercept)": np.ones(len(frame)), "x": frame.x, "z": frame.z}
    columns |= {"g=b": 1.0 * (frame.g == "b"), "g=c": 1.0 * (frame.g == "c")}
    return pd.DataFrame({name: values for name, values in columns.items() if name.split("=")[0] not in without})


def model_of(name, without=()):
    X = design(data, without)
    if name == "linear":
        return sm.OLS(data.number, X)
    label, family = {"logistic": ("binary", sm.families.Binomial()), "poisson": ("count", sm.families.Poisson())}[name]
    return sm.GLM(data[label], X, family=family)


def describe(name):
    model = model_of(name)
    tight = {} if name == "linear" else {"tol": 1e-14, "maxiter": 200}
    fit = model.fit(**tight)
    out = {
        "terms": list(design(data).columns),
        "estimates": list(fit.params),
        "errors": list(fit.bse),
        "pValues": list(fit.pvalues),
        "lower": list(fit.conf_int()[0]),
        "upper": list(fit.conf_int()[1]),
        "covariance": np.asarray(fit.cov_params()).tolist(),
        "logLikelihood": fit.llf,
        "clustered": list(model.fit(**tight, cov_type="cluster", cov_kwds={"groups": data.site}).bse),
    }
    hat = None
    if name == "linear":
        influence = fit.get_influence()
        hat = influence.hat_matrix_diag
        out |= {
            "robust": list(fit.HC3_se),
            "cooks": list(influence.cooks_distance[0]),
            "inflations": [float(np.linalg.inv(np.corrcoef(np.asarray(design(data))[:, 1:].T))[j, j]) for j in range(4)],
            "overall": [fit.fvalue, fit.f_pvalue],
            "dispersion": fit.scale,
        }
    else:
        influence = fit.get_influence()
        hat = influence.hat_matrix_diag
        # R's cooks.distance of a glm: Pearson residuals.
        pearson = np.asarray(fit.resid_pearson)
        out |= {
            "cooks": list(pearson**2 * hat / (len(fit.params) * (1 - hat) ** 2)),
            "deviance": fit.deviance,
            "nullDeviance": fit.null_deviance,
            "dispersion": fit.pearson_chi2 / fit.df_resid,
        }
        # HC3 of a score with the leverages of the weighted rows.
        X = np.asarray(design(data))
        error = np.asarray(fit.resid_response) / (1 - hat)
        C = np.asarray(fit.cov_params())
        out["robust"] = list(np.sqrt(np.diag(C @ (X.T * error**2) @ X @ C)))
    out["leverage"] = list(hat)
    out["aic"] = -2 * fit.llf + 2 * (len(fit.params) + (name == "linear"))
    tests = {}
    for feature in ["x", "z", "g"]:
        smaller = model_of(name, (feature,)).fit(**tight)
        if name == "linear":
            tests[feature] = list(fit.compare_f_test(smaller))
        else:
            degrees = len(fit.params) - len(smaller.params)
            from scipy.stats import chi2

            tests[feature] = [2 * (fit.llf - smaller.llf), float(chi2.sf(2 * (fit.llf - smaller.llf), degrees)), degrees]
    out["tests"] = tests
    return out


diabetes = pd.read_csv(here / "../../data/diabetes.csv")
label = diabetes.columns[-1]
X = sm.add_constant(diabetes.drop(columns=label))
ols = sm.OLS(diabetes[label], X).fit()
fixtures = {
    "models": {name: describe(name) for name in ["linear", "logistic", "poisson"]},
    "diabetes": {"estimates": list(ols.params), "errors": list(ols.bse), "r2": ols.rsquared},
}
(here / "inference-fixtures.json").write_text(json.dumps(fixtures, indent=1) + "\n")
