"""The cases: what is done to the agent or to the provider while a scenario runs."""
import collections
import errno
import json
import re

from checks import check_all, claim
from person import PATH, all_ended, newest
from scenarios import SCENARIOS, holds_current, version_is
from world import Disk, World, complaints

# What was under way when the agent was killed is taken up after a minute (the guards of engine/schedule.c and
# engine/labels.c), and may wait as long again.
FINISH_S = 240

KINDS = {
    "delay": {"delay_ms": 300}, "timeout": {}, "timeout_after": {}, "reset_before": {}, "reset_after": {},
    "slow_body": {"delay_ms": 1}, "huge_body": {}, "truncated": {}, "status_500": {}, "status_502_html": {},
    "waf_403": {}, "html_200": {}, "redirect": {}, "rate_429": {}, "rate_401": {}, "unauthorized": {},
    "invalid_key": {}, "empty_200": {}, "garbage_json": {},
    "answer": {"status": 401, "body": json.dumps({"success": False, "error": {"code": "SOMETHING_NEW"}})},
}

# The API's own word that a key is dead: said falsely as often as it takes, it is believed. Once is not enough.
PROOF = "invalid_key"

# Where a call that is expected to succeed is made to fail.
FAILING = ("store.commit.fail", "vault.log.write", "delivery.file.create", "delivery.file.write",
           "delivery.file.fsync", "delivery.file.rename", "delivery.file.folder_fsync")

# What lies on the disk that fails. The places are another matter: what cannot be delivered waits for a person.
STORE = ("vault.db", "audit.jsonl")
EVERYTHING = (*STORE, "place")
DISKS = {"read-only": (errno.EROFS, "[Rr]ead-only"), "full": (errno.ENOSPC, "the disk is full|No space left"),
         "broken": (errno.EIO, "the disk failed|Input/output error")}


class Case:
    """One run of one scenario."""

    def __init__(self, scenario, name):
        self.scenario = scenario
        self.name = f"{scenario} {name}"

    def run(self, programs):
        """Raises Broken. What it returns is printed beside its name."""
        world = World(programs)
        try:
            said = self.play(world)
            world.restart()  # from here on nothing is armed
            check_all(world)
            world.close()
            world.remove()
            return said
        except BaseException as error:
            world.close()
            error.folder = world.folder
            raise


class Count(Case):
    """Nothing goes wrong; learns what passes."""

    def __init__(self, scenario):
        super().__init__(scenario, "undisturbed")
        self.points = []
        self.requests = 0
        self.calls = range(0)  # those of the disk, after the agent has started

    def play(self, world):
        scenario = SCENARIOS[self.scenario]
        person = scenario.begin(world)
        before = requests(world)
        disk = Disk(world, EVERYTHING)
        world.restart(count=world.path("count"), disk=disk)
        first = disk.calls()
        person.until(scenario.ended, FINISH_S, self.scenario)
        claim(not person.attention, f"a person was asked for nothing: {person.attention}")
        self.calls = range(first + 1, disk.calls() + 1)
        disk.close()
        with open(world.path("count"), encoding="utf-8") as file:
            self.points = file.read().split()
        self.requests = requests(world) - before
        return f"{len(self.points)} points, {self.requests} requests, {len(self.calls)} calls to the disk"


def requests(world):
    return sum(1 for entry in world.simulator.journal() if entry["port"] == "api")


class Kill(Case):
    """SIGKILL at one passage of a fault point, and once more soon after the next start."""

    def __init__(self, scenario, passage, again=0):
        super().__init__(scenario, f"killed at {passage}" + (f", again at {again}" if again else ""))
        self.passage = passage
        self.again = again

    def play(self, world):
        scenario = SCENARIOS[self.scenario]
        person = scenario.begin(world)
        world.restart(points=f"*:kill@{self.passage}", count=world.path("count"))
        if self.again and not world.agent.alive():
            world.start(points=f"*:kill@{self.again}")
        person.until(scenario.ended, FINISH_S, self.scenario)
        claim(not person.attention, f"a person was asked after a crash: {person.attention}")
        with open(world.path("count"), encoding="utf-8") as file:
            last = file.read().split()[-1:]
        return f"at {last[0]}" if person.deaths and last else "not reached"


class Fail(Case):
    """A call that should succeed fails once, or several times in a row."""

    def __init__(self, scenario, point, passage, times=1):
        super().__init__(scenario, f"{point} fails at {passage}" + (f", {times} times" if times > 1 else ""))
        self.points = ",".join(f"{point}:fail@{passage + n}" for n in range(times))

    def play(self, world):
        scenario = SCENARIOS[self.scenario]
        person = scenario.begin(world)
        person.patient = True
        world.restart(points=self.points)
        person.until(settled(scenario), FINISH_S, self.scenario)
        return f"{len(person.attention)} times for a person" if person.attention else None


class ProviderFault(Case):
    """The provider misbehaves from one request on."""

    def __init__(self, scenario, kind, skip, times=1):
        super().__init__(scenario, f"{kind} at request {skip}" + (f", {times} times" if times > 1 else ""))
        self.fault = {"kind": kind, "skip": skip, "times": times, **KINDS[kind]}

    def play(self, world):
        scenario = SCENARIOS[self.scenario]
        person = scenario.begin(world)
        person.patient = True
        world.simulator.fault(match={}, **self.fault)
        person.until(settled(scenario), FINISH_S, self.scenario)
        world.simulator.no_faults()
        return f"{len(person.attention)} times for a person" if person.attention else None


class DiskFault(Case):
    """The disk fails at one call, and every one after it, until it is mended. The agent goes on by itself;
    where its places are on that disk, too, a person may be asked."""

    def __init__(self, scenario, disk, parts, at):
        where = "the store's disk" if parts is STORE else "the only disk"
        super().__init__(scenario, f"{where} is {disk} at call {at}")
        (self.sys, self.words), self.parts, self.at = DISKS[disk], parts, at

    def play(self, world):
        scenario = SCENARIOS[self.scenario]
        person = scenario.begin(world)
        person.patient = self.parts is EVERYTHING
        disk = Disk(world, self.parts, self.at, self.sys, for_s=0.5)
        world.restart(disk=disk)
        finished = settled(scenario) if person.patient else scenario.ended
        person.until(finished, FINISH_S, self.scenario)
        disk.close()
        person.until(lambda key: self.is_written_again(world), FINISH_S, "the log says that the store can be written again")
        said, _ = complaints(world)
        claim(all(re.search(self.words, line) for line in said), f"the log does not say what is wrong with the disk: {said}")
        claim(person.patient or not person.attention, f"a person was asked for nothing: {person.attention}")
        return None if disk.failed else "not reached"

    def is_written_again(self, world):
        """What fails last may be what the scenario ends with; the agent knows of it when it writes the next time."""
        said, again = complaints(world)
        if said and not again:
            world.agent.call("PATCH", PATH, {"title": "written again"})
        return again or not said


def settled(scenario):
    """What the scenario wanted, or a rotation that was given up with everything in order."""
    def ended(key):
        if scenario.ended(key):
            return True
        if key is None or not all_ended(key) or not holds_current(key):
            return False
        rotation = newest(key)
        return rotation is not None and rotation["state"] == "failed" and \
            version_is(key, key["current"]["version"], "current")
    return ended


def spread(items, most):
    """At most so many of them, evenly."""
    items = list(items)
    if most is None or len(items) <= most:
        return items
    return [items[index * len(items) // most] for index in range(most)]


def kills(count, most):
    passages = len(count.points)
    single = [Kill(count.scenario, n) for n in spread(range(1, passages + 3), most)]
    double = [Kill(count.scenario, n, 1 + n % 12) for n in spread(range(2, passages, 3), most and most // 4)]
    return single + double


def failures(count, most):
    passed = collections.Counter(count.points)
    all_of_them = [Fail(count.scenario, point, n, times) for point in FAILING
                   for n in range(1, passed[point] + 1) for times in (1, 3)]
    return spread(all_of_them, most)


def provider_faults(count, most):
    all_of_them = [ProviderFault(count.scenario, kind, skip, times)
                   for skip in range(count.requests) for kind in KINDS for times in (1, 4)
                   if times == 1 or kind != PROOF]
    # A step that shares no factor with the number of kinds: each kind strikes.
    return spread(all_of_them, most)


def disk_faults(count, most):
    all_of_them = [DiskFault(count.scenario, disk, parts, at)
                   for at in count.calls for disk in DISKS for parts in (STORE, EVERYTHING)]
    return spread(all_of_them, most)
