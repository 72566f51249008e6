"""scikit-learn beside accuracy.mjs. Reads lines {"model", "train": {"rows", "features", "labels"}, "test": …}, features standardised; answers each with {"score"}."""
import json
import sys
import warnings

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")
models = {
    "logistic": lambda: LogisticRegression(max_iter=2000),
    "mlp": lambda: MLPClassifier(max_iter=500, random_state=0),
    "ols": lambda: LinearRegression(),
}


def arrays(split):
    return np.array(split["features"]).reshape(split["rows"], -1), np.array(split["labels"])


for line in sys.stdin:
    request = json.loads(line)
    model = models[request["model"]]().fit(*arrays(request["train"]))
    print(json.dumps({"score": model.score(*arrays(request["test"]))}), flush=True)
