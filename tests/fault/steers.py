"""What a person may say to a rotation, said in every state: each cell of a table.

A row holds a rotation in one state. A column is a word of a person, or an
emergency. The cell says how the rotation must end then, or by which words of
agent/rotation/refused.md it is refused; a refused word changes nothing. What
the provider and the place hold at the end is compared as in every case."""
import os

from cases import FINISH_S, Case
from checks import claim
from person import KEY, PATH, newest
from scenarios import begin_api, begin_manual, given_up, in_state, no_disable, no_proof, rotated, version_is

REACH_S = 120
PAST_S = 8 * 24 * 3600  # a rotation settles for seven days at most
BRIEF = "amps-brief"          # its proving deadline is short, as is that of
BRIEF_API = "amps-api-brief"  # which makes keys


# --- A place that can be held -------------------------------------------------

PROGRAM = """#!/bin/sh
cat >/dev/null
while [ -e "$0.hold.$KEYTURN_VERSION" ]; do sleep 0.02; done
[ ! -e "$0.fail.$KEYTURN_VERSION" ]
"""


def add_program(world, fields):
    """The key's second place, after its file: a program that waits or fails while a file says so."""
    path = world.path("program")
    with open(path, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o700)
        file.write(PROGRAM)
    fields["more_places"] = [{"kind": "program", "class": "live", "command": [path]}]


def arm(world, *names):
    for name in names:
        with open(world.path(f"program.{name}"), "w", encoding="utf-8"):
            pass


def disarm(world):
    for name in ("hold.1", "hold.2", "fail.1", "fail.2"):
        if os.path.exists(world.path(f"program.{name}")):
            os.remove(world.path(f"program.{name}"))


# --- Rows: how a rotation is held in a state -----------------------------------


class Held:
    """begin, then prepare(world), then a rotation is asked for until it is in the state."""

    def __init__(self, state, prepare=lambda world: None, begin=begin_manual, stages=True, revokes=True, past=False,
                 then=None, goes_on=False, **fields):
        self.state, self.prepare, self.begin = state, prepare, begin
        self.stages, self.revokes = stages, revokes
        self.past = past      # begin as if it were days ago
        self.then = then      # (person): what brings it from there to attention
        self.goes_on = goes_on  # nothing holds it for ever: it may be further when it is looked at again
        self.fields = fields  # of the key

    def reach(self, world):
        fields = dict(self.fields)
        add_program(world, fields)
        if self.past:
            world.restart(past_s=PAST_S)
        person = self.begin(world, **fields)
        person.asks, person.stages, person.revokes = [], self.stages, self.revokes
        self.prepare(world)
        status, _ = world.agent.call("POST", f"{PATH}/rotations")
        claim(status == 201, f"a rotation is answered with {status}")
        person.until(in_state(self.state), REACH_S, self.state)
        if self.then:
            self.then(person)
            person.until(in_state("attention"), REACH_S, "attention")
        return person


def lost_answer(world):
    world.simulator.fault(match={"method": "POST", "path": "/keys"}, kind="reset_before", times=1)
    world.simulator.fault(match={"method": "GET", "path": "/keys*"}, kind="status_500", times=-1)


def slow_create(world):
    world.simulator.fault(match={"method": "POST", "path": "/keys"}, kind="delay", delay_ms=2500, times=1)


def dead_later(world):
    """Two answers prove the new key; the third calls it dead, which is not so. It lies once: said twice, a death
    that was asked for is believed, and what the store and the provider hold could not be compared."""
    world.simulator.fault(match={"path": "/battery*", "key_name": "reporting-2"}, kind="invalid_key", skip=2, times=1)


def no_proof_later(world):
    """Two answers prove the new key; none after that."""
    world.simulator.fault(match={"path": "/battery*"}, kind="status_500", skip=2, times=-1)


def read(world):
    """A consumer has the version that is current. Of the old one it does not come again by itself."""
    status, _ = world.agent.call("GET", f"{PATH}/secret", raw=True)
    claim(status == 200, f"the current version is read with {status}")


def days_later(person):
    person.world.restart()


def old_lost(person):
    """While the new version is being delivered the old one is killed; then a place fails for good."""
    said, _ = emergency(1)(person)
    claim(said == 201, f"an emergency is answered with {said}")
    arm(person.world, "fail.2")
    os.remove(person.world.path("program.hold.2"))


ROWS = {
    "staging": Held("staging", stages=False),
    "staging, being made": Held("staging", slow_create, begin_api, goes_on=True),
    "proving": Held("proving", no_proof),
    "delivering": Held("delivering", lambda world: arm(world, "hold.2")),
    "undoing": Held("undoing", lambda world: arm(world, "fail.2", "hold.1")),
    "settling": Held("settling", grace_s=3600),
    "retiring": Held("retiring", revokes=False),
    "retiring, being disabled": Held("retiring", no_disable, begin_api),
    "attention, from staging": Held("attention", lost_answer, begin_api, provider=BRIEF_API),
    "attention, from proving": Held("attention", no_proof, provider=BRIEF),
    "attention, from delivering": Held("delivering", lambda world: arm(world, "hold.2"), then=old_lost),
    "attention, from undoing": Held("attention", lambda world: arm(world, "fail.2", "fail.1")),
    "attention, from settling, dead": Held("attention", dead_later),
    "attention, from settling, unproved": Held("settling", no_proof_later, past=True, then=days_later),
    "attention, from settling, unread": Held("settling", read, past=True, then=days_later, receipts=True),
}


# --- Columns: what is said -------------------------------------------------------


def word(name):
    def say(person):
        rotation = newest(person.look())
        return person.world.agent.call("POST", f"/v1/rotations/{rotation['id']}/{name}")
    return say


def emergency(version):
    def say(person):
        return person.world.agent.call("POST", "/v1/revocations", {
            "targets": [{"key": KEY, "version": version}], "reason": "by a table"})
    return say


WORDS = {"cancel": word("cancel"), "retry": word("retry"), "rollback": word("rollback"), "go-on": word("go-on"),
         "emergency on old": emergency(1), "emergency on new": emergency(2)}


# --- Cells -------------------------------------------------------------------------


def kept(key):
    """The old version is what everybody has, and what was made instead is dead."""
    return given_up(key)


def replaced(key):
    return rotated(key)


def replaced_anew(key):
    """The old and the new one are dead, and a third was made."""
    return rotated(key) and key["current"]["version"] == 3 and version_is(key, 2, "dead")


class Refused:
    """By these words. Then what held it up is mended, and it ends so; where it waits for a word, by that one."""

    def __init__(self, reason, ended, last=None):
        self.reason, self.ended, self.last = reason, ended, last


CELLS = {
    "staging": {
        "cancel": kept, "retry": Refused("nothing is held up", replaced),
        "rollback": Refused("cancel instead", replaced), "go-on": Refused("is not held up", replaced),
        "emergency on old": replaced},
    "staging, being made": {
        "cancel": kept, "retry": Refused("nothing is held up", replaced),
        "rollback": Refused("cancel instead", replaced), "go-on": Refused("is not held up", replaced),
        "emergency on old": replaced},
    "proving": {
        "cancel": kept, "retry": Refused("nothing is held up", replaced),
        "rollback": Refused("cancel instead", replaced), "go-on": Refused("is not held up", replaced),
        "emergency on old": replaced, "emergency on new": kept},
    "delivering": {
        "cancel": kept, "retry": Refused("nothing is held up", replaced),
        "rollback": Refused("cancel instead", replaced), "go-on": Refused("is not held up", replaced),
        "emergency on old": replaced, "emergency on new": kept},
    "undoing": {
        "cancel": Refused("being undone already", kept), "retry": Refused("nothing is held up", kept),
        "rollback": Refused("being put back already", kept), "go-on": Refused("is not held up", kept),
        "emergency on old": replaced, "emergency on new": kept},
    "settling": {
        "cancel": Refused("roll back instead", kept, "rollback"),
        "retry": Refused("nothing is held up", kept, "rollback"),
        "rollback": kept, "go-on": Refused("is not held up", kept, "rollback"),
        "emergency on old": replaced, "emergency on new": kept},
    "retiring": {
        "cancel": Refused("cannot come back", replaced), "retry": Refused("nothing is held up", replaced),
        "rollback": Refused("cannot come back", replaced), "go-on": Refused("is not held up", replaced),
        "emergency on old": replaced, "emergency on new": replaced_anew},
    "retiring, being disabled": {
        "cancel": Refused("cannot come back", replaced), "retry": Refused("nothing is held up", replaced),
        "rollback": kept, "go-on": Refused("is not held up", replaced),
        "emergency on old": replaced, "emergency on new": replaced_anew},
    "attention, from staging": {
        "cancel": kept, "retry": replaced, "rollback": Refused("only a rotation that settles", replaced),
        "go-on": Refused("only a rotation that settles", replaced), "emergency on old": replaced},
    "attention, from proving": {
        "cancel": kept, "retry": replaced, "rollback": Refused("only a rotation that settles", replaced),
        "go-on": Refused("only a rotation that settles", replaced),
        "emergency on old": replaced, "emergency on new": kept},
    "attention, from delivering": {
        "cancel": Refused("cannot come back", replaced), "retry": replaced,
        "rollback": Refused("only a rotation that settles", replaced),
        "go-on": Refused("only a rotation that settles", replaced), "emergency on new": replaced_anew},
    "attention, from undoing": {
        "cancel": Refused("being undone already", kept), "retry": kept,
        "rollback": Refused("only a rotation that settles", kept),
        "go-on": Refused("only a rotation that settles", kept),
        "emergency on old": replaced, "emergency on new": kept},
    "attention, from settling, dead": {
        "cancel": Refused("roll back or go on instead", replaced), "retry": replaced, "rollback": kept,
        "go-on": Refused("not proved alive", replaced), "emergency on old": replaced, "emergency on new": kept},
    "attention, from settling, unproved": {
        "cancel": Refused("roll back or go on instead", replaced), "retry": replaced, "rollback": kept,
        "go-on": Refused("not proved alive", replaced), "emergency on old": replaced, "emergency on new": kept},
    "attention, from settling, unread": {
        "cancel": Refused("roll back or go on instead", replaced), "retry": replaced, "rollback": kept,
        "go-on": replaced, "emergency on old": replaced, "emergency on new": kept},
}


# Where a rotation comes by itself.
ONWARD = ("proving", "delivering", "settling", "retiring", "done")


def answered_late(world):
    """The key that was being made has come, and is recorded: until then what is open may have ended for a while."""
    with open(world.path("audit.jsonl"), encoding="utf-8") as log:
        return any(": stray, " in line for line in log)


class Steer(Case):
    def __init__(self, row, column):
        super().__init__("steer", f"{column} in {row}")
        self.row, self.column, self.cell = row, column, CELLS[row][column]

    def play(self, world):
        person = ROWS[self.row].reach(world)
        before = newest(person.look())
        status, answer = WORDS[self.column](person)
        if isinstance(self.cell, Refused):
            self.check_refusal(person, before, status, answer)
        else:
            claim(status in (200, 201), f"{self.column} is answered with {status} {answer}")
        self.finish(world, person)

    def check_refusal(self, person, before, status, answer):
        claim(status == 409 and self.cell.reason in answer["detail"], f"it is answered with {status} {answer}")
        after = newest(person.look())
        stays = after["state"] == before["state"] or (ROWS[self.row].goes_on and after["state"] in ONWARD)
        claim(stays, f"refused, and it went from {before['state']} to {after['state']}")
        if self.cell.last:
            status, answer = WORDS[self.cell.last](person)
            claim(status == 200, f"{self.cell.last} is answered with {status} {answer}")

    def finish(self, world, person):
        ended = self.cell.ended if isinstance(self.cell, Refused) else self.cell
        disarm(world)
        world.simulator.no_faults()
        person.stages = person.revokes = person.patient = True
        if "unread" in self.row and ended is replaced and self.column != "go-on":
            read(world)  # who had not read the new version does now
        if self.row == "staging, being made" and self.column == "cancel":
            person.until(lambda key: answered_late(world), FINISH_S, "the answer that came late")
        person.until(ended, FINISH_S, ended.__name__)
        _, secret = world.agent.call("GET", f"{PATH}/secret", raw=True)
        claim(world.simulator.probe(secret)[0] == "alive", "what a consumer reads is dead")
        claim(ended is not kept or self.never_held_new(world), "the place held a key that was not delivered yet")

    def never_held_new(self, world):
        """Given up before it was delivered, the new version was never in the place."""
        early = "staging" in self.row or "proving" in self.row
        return not early or len({content for _, content in world.place.seen}) == 1


def steers():
    return [Steer(row, column) for row in ROWS for column in CELLS[row]]
