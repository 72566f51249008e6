"""Isotonic regressions of scikit-learn 1.2: python3 isotonic-fixtures.py > isotonic-fixtures.json"""
import json
import numpy as np
from sklearn.isotonic import IsotonicRegression

random = np.random.default_rng(5)
cases = []
for rows, weighted, digits in [(60, False, 1), (200, True, 2), (400, False, 6), (30, True, 1)]:
    # Few digits: many rows have the same probability.
    x = np.round(random.uniform(size=rows), digits)
    y = (random.uniform(size=rows) < x**2).astype(float)
    weights = np.round(random.uniform(0.2, 3, size=rows), 2) if weighted else np.ones(rows)
    bound = 1 / (rows + 2)
    model = IsotonicRegression(y_min=bound, y_max=1 - bound, out_of_bounds="clip").fit(x, y, sample_weight=weights)
    asked = np.linspace(-0.05, 1.05, 78)
    cases.append({
        "x": x.tolist(), "y": y.tolist(), "weights": weights.tolist() if weighted else None,
        "asked": asked.tolist(), "answered": model.predict(asked).tolist(),
        "fitted": model.predict(x).tolist(),
    })
print(json.dumps(cases))
