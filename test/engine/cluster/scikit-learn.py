"""Writes scikit-learn.json: k-means, silhouettes and Gaussian mixtures of scikit-learn on Fisher's iris, standardised and rounded to float32.

Run with scikit-learn 1.2: python3 scikit-learn.py > scikit-learn.json
"""
import json
import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture

warnings.filterwarnings("ignore")
raw = load_iris().data
scale = raw.std(axis=0)
x = ((raw - raw.mean(axis=0)) / scale).astype(np.float32).astype(np.float64)
d = x.shape[1]
start = x[[0, 50, 100]]
fixed = KMeans(3, init=start, n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(x)

best = []
for k in range(2, 7):
    fit = KMeans(k, n_init=1000, tol=0, random_state=0).fit(x)
    best.append({"k": k, "inertia": fit.inertia_, "silhouette": silhouette_score(x, fit.labels_)})

identity = {"full": np.tile(np.eye(d), (3, 1, 1)), "tied": np.eye(d), "diag": np.ones((3, d)), "spherical": np.ones(3)}
names = {"full": "full", "tied": "tied", "diag": "diagonal", "spherical": "spherical"}


def mixture(form, iterations, tolerance):
    fit = GaussianMixture(
        3, covariance_type=form, tol=tolerance, reg_covar=1e-6, max_iter=iterations,
        weights_init=np.full(3, 1 / 3), means_init=start, precisions_init=identity[form],
    ).fit(x)
    return {
        "iterations": fit.n_iter_,
        "weights": fit.weights_.tolist(), "means": fit.means_.ravel().tolist(), "covariances": fit.covariances_.ravel().tolist(),
        "logLikelihood": fit.score_samples(x).sum(), "bic": fit.bic(x), "aic": fit.aic(x),
        "logDensities": fit.score_samples(x[:5]).tolist(), "responsibilities": fit.predict_proba(x[48:53]).ravel().tolist(),
    }


json.dump(
    {
        "origin": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, load_iris(); see scikit-learn.py",
        "rows": len(x), "columns": d, "x": x.ravel().tolist(),
        "kMeans": {
            "start": start.ravel().tolist(), "centroids": fixed.cluster_centers_.ravel().tolist(), "inertia": fixed.inertia_,
            "labels": fixed.labels_.tolist(),
        },
        "best": best,
        "mixtures": {
            names[form]: {"three": mixture(form, 3, 0), "converged": mixture(form, 20000, 1e-13)} for form in identity
        },
    },
    fp=__import__("sys").stdout,
)
print()
