"""Workers of pytest-xdist share the processors, so each keeps to one thread of linear algebra
unless told otherwise."""
import os

if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
