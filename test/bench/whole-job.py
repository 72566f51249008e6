"""The rows of whole-job.mjs with scikit-learn's HistGradientBoostingClassifier and PyTorch's plain loop: python3 whole-job.py CSV EPOCHS THREADS"""
import csv
import json
import os
import sys
import time

path, epochs, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.environ["OMP_NUM_THREADS"] = str(threads)
import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

torch.set_num_threads(threads)


def clocks():
    return time.perf_counter(), time.process_time()


def since(start):
    return {"seconds": time.perf_counter() - start[0], "processor": time.process_time() - start[1]}


def tell(name, **rest):
    print(json.dumps({"name": name, "threads": threads, **rest}), flush=True)


start = clocks()
places = {name: i for i, name in enumerate(["north", "south", "east", "west", "centre"])}
with open(path) as file:
    reader = csv.reader(file)
    next(reader)
    cells = list(reader)
numbers = np.array([row[:-2] for row in cells], dtype=np.float64)
place = np.array([places[row[-2]] for row in cells])
label = np.array([row[-1] == "yes" for row in cells], dtype=np.int64)
del cells
tell("csv to arrays", **since(start))

order = np.random.default_rng(0).permutation(len(label))
test, train = order[: len(label) // 5], order[len(label) // 5 :]

start = clocks()
model = HistGradientBoostingClassifier(random_state=0)
model.fit(np.column_stack([numbers, place])[train], label[train])
accuracy = float((model.predict(np.column_stack([numbers, place])[test]) == label[test]).mean())
tell("HistGradientBoostingClassifier", testAccuracy=accuracy, iterations=int(model.n_iter_), **since(start))

start = clocks()
mean, deviation = numbers[train].mean(0), numbers[train].std(0)
inputs = np.column_stack([(numbers - mean) / deviation, np.eye(len(places))[place]]).astype(np.float32)
x, y = torch.from_numpy(inputs[train]), torch.from_numpy(label[train])
torch.manual_seed(0)
net = torch.nn.Sequential(
    torch.nn.Linear(x.shape[1], 64), torch.nn.SiLU(), torch.nn.Linear(64, 32), torch.nn.SiLU(), torch.nn.Linear(32, 2)
)
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
loss_of = torch.nn.CrossEntropyLoss()
for epoch in range(epochs):
    shuffled = torch.randperm(len(x))
    for batch in shuffled.split(256):
        optimizer.zero_grad()
        loss_of(net(x[batch]), y[batch]).backward()
        optimizer.step()
with torch.no_grad():
    accuracy = float((net(torch.from_numpy(inputs[test])).argmax(1).numpy() == label[test]).mean())
tell("PyTorch, plain loop", testAccuracy=accuracy, epochs=epochs, batch=256, **since(start))
