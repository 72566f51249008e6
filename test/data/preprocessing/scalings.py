# python3 scalings.py > scalings.json: what NumPy, SciPy and statsmodels make of a small table (Debian 12: numpy 1.24, scipy 1.10, statsmodels 0.13).
import io
import json
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import norm, rankdata

random = np.random.default_rng(20261127)
n = 120
price = np.round(np.exp(random.normal(3, 1.2, n)), 3)
size = np.round(random.normal(50, 9, n), 1)
kept = np.where(random.random(n) < 0.6, 5.0, np.round(random.normal(5, 2, n), 2))
colour = random.choice(["blue", "green", "red"], n)
y = np.round(2 + 0.7 * np.log(price) - 0.03 * size + (colour == "red") * 0.5 + random.normal(0, 0.3, n), 4)
frame = pd.DataFrame({"price": price, "size": size, "kept": kept, "colour": colour, "y": y})
out = io.StringIO()
frame.to_csv(out, index=False)


def robust(x):
    """RealMLP's: median, quartiles (or half of the range), smooth clipping."""
    low, middle, high = np.percentile(x, [25, 50, 75])
    width = high - low if high > low else (x.max() - x.min()) / 2
    z = (x - middle) / width
    return z / np.sqrt(1 + (z / 3) ** 2)


def scores(x):
    return norm.ppf((rankdata(x) - 0.5) / len(x))


fit = smf.ols("y ~ np.log(price) + size + C(colour, Treatment('green'))", frame).fit()
print(
    json.dumps(
        {
            "csv": out.getvalue(),
            "robust": {name: robust(frame[name].to_numpy()).tolist() for name in ("price", "kept")},
            "quantile": {name: scores(frame[name].to_numpy()).tolist() for name in ("price", "size", "kept")},
            "logarithm": ((np.log(price) - np.log(price).mean()) / np.log(price).std()).tolist(),
            "ols": {
                "terms": ["(intercept)", "colour=blue", "colour=red", "ln(price)", "size"],
                "estimates": fit.params[[0, 1, 2, 3, 4]].tolist(),
                "errors": fit.bse[[0, 1, 2, 3, 4]].tolist(),
            },
        },
        indent=1,
    )
)
