"""Arrays: arithmetic, reductions, sorting, indexing, matrix products, FFT; usage: numpy_work.py SECONDS"""
import sys
import time

import numpy as np

random = np.random.default_rng(1)
end = time.monotonic() + float(sys.argv[1])
total = 0.0
while time.monotonic() < end:
    a = random.normal(size=500_000)
    b = np.sin(a) * 2 + np.exp(-a * a)
    total += float(b.sum()) + float(np.sort(a)[1000]) + float(b[a > 1].mean())
    m = a[:160_000].reshape(400, 400)
    total += float((m @ m.T).trace()) + float(np.abs(np.fft.rfft(b)).max())
    total += float(a[np.argsort(b[:50_000])].astype(np.float32).std())
    total += len(np.unique((a * 100).astype(np.int64)))
print(total)
