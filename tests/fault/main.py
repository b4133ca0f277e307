"""Runs the cases, several worlds at a time, and counts them."""
import argparse
import concurrent.futures
import os
import sys
import threading
import time
import traceback

from cases import Count, disk_faults, failures, kills, provider_faults
from chance import Chance
from scenarios import SCENARIOS
from steers import steers
from world import Broken, Programs

SHORT = {"kills": 22, "failures": 8, "provider_faults": 14, "disk_faults": 4, "chance": 16}
CHANCES = 300


class Run:
    def __init__(self, programs, verbose):
        self.programs = programs
        self.verbose = verbose
        self.lock = threading.Lock()
        self.passed = 0
        self.failed = 0

    def case(self, case):
        started = time.monotonic()
        try:
            said, error = case.run(self.programs), None
        except Exception as broken:  # the harness' own errors fail their case, too
            said, error = None, broken
        with self.lock:
            self.tell(case, said, error, time.monotonic() - started)

    def tell(self, case, said, error, took):
        if error is None:
            self.passed += 1
            if self.verbose:
                print(f"ok      {took:5.1f} s  {case.name}{': ' + said if said else ''}", flush=True)
            return
        self.failed += 1
        print(f"FAILED  {took:5.1f} s  {case.name}: {error}", flush=True)
        print(f"        its folder is {getattr(error, 'folder', 'gone')}", flush=True)
        if not isinstance(error, Broken):
            traceback.print_exception(error, limit=-4)

    def cases(self, cases, workers):
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            list(pool.map(self.case, cases))


def options():
    parser = argparse.ArgumentParser(prog="tests/fault/run.sh", description=__doc__)
    parser.add_argument("build", type=os.path.abspath, help="a build with -DKEYTURN_FAULT=ON")
    parser.add_argument("--short", action="store_true", help="a sample, in about four minutes")
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="only this one")
    parser.add_argument("--only", choices=["kills", "failures", "provider_faults", "disk_faults", "steers", "chance"])
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("--seed", type=int, help="the first seed of the random runs")
    parser.add_argument("--rotations", type=int, help="how many random runs")
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1))
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def plan(chosen, run):
    """Count the undisturbed runs first; what they passed is what is disturbed then."""
    counts = [Count(name) for name in chosen.scenario or SCENARIOS]
    run.cases(counts, chosen.workers)
    cases = []
    for name, make in (("kills", kills), ("failures", failures), ("provider_faults", provider_faults),
                       ("disk_faults", disk_faults)):
        if chosen.only in (None, name):
            for count in counts:
                cases += make(count, SHORT[name] if chosen.short else None)
    return cases


def chances(chosen):
    first = chosen.seed if chosen.seed is not None else 1
    alone = chosen.seed is not None
    many = chosen.rotations or (1 if alone else SHORT["chance"] if chosen.short else CHANCES)
    return [Chance(seed) for seed in range(first, first + many)]


def main():
    chosen = options()
    run = Run(Programs(chosen.build), chosen.verbose)
    alone = chosen.seed is not None or chosen.rotations is not None or chosen.only == "chance"
    cases = [] if alone or chosen.only == "steers" else plan(chosen, run)
    if chosen.only == "steers" or (not alone and chosen.only is None):
        cases += steers()
    if alone or chosen.only is None:
        cases += chances(chosen)
    run.cases([case for case in cases if chosen.match in case.name], chosen.workers)
    print(f"{run.passed} passed, {run.failed} failed")
    sys.exit(1 if run.failed else 0)


main()
