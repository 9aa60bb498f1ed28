"""Run the benchmark, print a line for every bar, keep the results.

    python examples/benchmark/run.py --list
    python examples/benchmark/run.py --quick
    python examples/benchmark/run.py --cases sklearn path --python glmnet=peers/bin/python

Every solver runs in a process of its own environment with one thread. A peer is looked for in the
interpreter that runs this unless --python names another one for it (several names may share one:
skglm,celer,glmnet=PATH). Peers: skglm, celer, adelie, glmnet (pip install python-glmnet),
scikit-learn, original (pip install factorlasso==1.0.6, in an environment of its own since it has
the same import name). What cannot be run is left out, and the output says so.

Results are merged into a JSON file, the case that was run replacing its earlier result.
"""
import argparse
import os
import shutil
import sys
import time

import cases  # noqa: F401  registers them
from bench import CASES, Bench, here, printed, processor, read, save


def meant(name, wanted):
    """Whether a case is among the names, or begins with one that is no case itself."""
    return name in wanted or name.startswith(tuple(w for w in wanted if w not in CASES))


def parse(argv=None):
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", metavar="CASE",
                        help="names or beginnings of names; default: all")
    parser.add_argument("--skip", nargs="+", metavar="CASE", default=[],
                        help="the same, to be left out")
    parser.add_argument("--python", action="append", default=[], metavar="PEER=PATH",
                        help="interpreter of a peer")
    parser.add_argument("--quick", action="store_true",
                        help="tiny sizes, to see that everything runs; nothing is kept")
    parser.add_argument("--output", metavar="FILE",
                        help="default: results.json beside this file; none with --quick")
    parser.add_argument("--list", action="store_true",
                        help="list the cases with their rough duration and stop")
    args = parser.parse_args(argv)
    args.pythons = {}
    for pair in args.python:
        names, found, path = pair.partition("=")
        if not found or shutil.which(path) is None:
            parser.error(f"--python wants PEER=PATH with an interpreter that exists, got {pair!r}")
        args.pythons |= dict.fromkeys(names.split(","), os.path.abspath(shutil.which(path)))
    args.chosen = [n for n in CASES if (not args.cases or meant(n, args.cases))
                   and not meant(n, args.skip)]
    if not args.chosen:
        parser.error(f"no such case; there are {', '.join(CASES)}")
    return args


def main(argv=None):
    """Run what was asked for."""
    args = parse(argv)
    if args.list:
        for name in args.chosen:
            print(f"{name:24s} about {CASES[name].minutes:4.1f} min  {CASES[name].what}")
        return 0
    output = args.output or (None if args.quick else here / "results.json")
    failed = []
    for name in args.chosen:
        bench = Bench(quick=args.quick, pythons=args.pythons)
        start, load = time.perf_counter(), os.getloadavg()[0]
        try:
            rows, data = CASES[name].run(bench)
        except RuntimeError as error:
            failed.append(name)
            print(f"{name:24s} FAILED: {error}", file=sys.stderr, flush=True)
            continue
        for line in rows:
            print(printed(name, line), flush=True)
        took = time.perf_counter() - start
        left_out = f"; not run: {', '.join(sorted(bench.missing))}" if bench.missing else ""
        print(f"{name:24s} took {took:.0f} s{left_out}", flush=True)
        if output:
            results = read(output)
            results["machine"] = {"cores": os.cpu_count(), "processor": processor(),
                                  "system": sys.platform}
            for package, found in bench.versions.items():
                results["versions"].setdefault(package, {}).update(found)
            results["cases"][name] = {"what": CASES[name].what, "rows": rows, "data": data,
                                      "took": round(took, 1),
                                      "load_before": round(load, 2), "quick": args.quick,
                                      "not_run": sorted(bench.missing)}
            save(output, results)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
