"""What must hold at the end of each case, whatever happened on the way."""
import contextlib
import datetime
import re
import sqlite3

from person import PATH
from world import Broken

SETTLE = 2
COARSE_S = 0.012  # the kernel's clock of file times is coarser than the journal's


def claim(holds, text):
    if not holds:
        raise Broken(text)


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Evidence:
    """The store's word and the provider's, side by side."""

    def __init__(self, world):
        self.world = world
        self.key = world.agent.get(PATH) or {"versions": [], "deliveries": [], "rotations": [], "revocations": []}
        self.journal = world.simulator.journal()
        self.secrets = {}  # version → bytes
        self.ids = {}      # version → the provider's id
        self.truth = {}    # version → alive or dead
        for version in self.key["versions"]:
            self.ask_provider(version)

    def ask_provider(self, version):
        number = version["version"]
        status, secret = self.world.agent.call("GET", f"{PATH}/secret?version={number}", raw=True)
        self.ids[number] = version["provider_id"]
        if status == 200:
            self.secrets[number] = secret
            self.truth[number], self.ids[number] = self.world.simulator.probe(secret)

    def versions_of(self, key_id):
        return [number for number, known in self.ids.items() if known == key_id]

    def content_at(self, when):
        """The version that the place held then; None before the first, and after one was taken away."""
        written = [content for at, content in self.world.place.seen if at <= when + COARSE_S]
        return self.version_in(written[-1]) if written and written[-1] is not None else None

    def version_in(self, content):
        match = re.fullmatch(rb"(?:#.*\n)*AMPS_KEY='?([^'\n]+)'?\n", content)
        claim(match, f"S10: the place held {len(content)} bytes that are no key")
        found = [number for number, secret in self.secrets.items() if secret == match[1]]
        claim(found, "S10: the place held a key that is not in the store")
        return found[0]


def check_places(evidence):
    emergency = any(revocation["emergency"] for revocation in evidence.key["revocations"])
    for _, content in evidence.world.place.seen:
        claim(content is not None or emergency, "S1: the place was emptied, and there was something to put back")
        if content is not None:
            evidence.version_in(content)
    others = evidence.world.place.others()
    claim(not others, f"S6: files were left beside the delivered one: {others}")
    current = evidence.key.get("current")
    for delivery in evidence.key["deliveries"]:
        held = evidence.world.place.read()
        claim(held or not current, "the place is empty, and the key has a current version")
        if held and current:
            claim(evidence.version_in(held[1]) == current["version"],
                  f"the place holds version {evidence.version_in(held[1])}, not {current['version']}")
            claim(delivery["holds_version"] == current["version"],
                  f"the store says that the place holds {delivery['holds_version']}")


def check_truth(evidence):
    """S2, S3: each version's state is what the provider says, and nothing else lives there."""
    for version in evidence.key["versions"]:
        number, state = version["version"], version["state"]
        claim(state != "condemned", f"S4: version {number} is condemned, and nothing is open")
        if number in evidence.truth:
            expected = "dead" if state == "dead" else "alive"
            claim(evidence.truth[number] == expected,
                  f"version {number} is {state} and the provider says {evidence.truth[number]}")
    known = {evidence.ids[v["version"]] for v in evidence.key["versions"] if v["state"] != "dead"}
    living = {key["id"] for key in evidence.world.simulator.keys() if key["state"] != "revoked"}
    claim(living <= known, f"S3: the provider holds alive, and the store does not know: {names(evidence, living - known)}")


def names(evidence, ids):
    return sorted(key["name"] for key in evidence.world.simulator.keys() if key["id"] in ids)


def proofs_before(evidence, key_id, when):
    return sum(1 for entry in evidence.journal
               if entry["key_id"] == key_id and entry["status"] == 200 and entry["port"] == "api"
               and entry["target"].startswith("/battery") and seconds(entry["time"]) <= when + COARSE_S)


def check_order(evidence):
    """S1: outside an emergency nothing is condemned that its place holds, or before what its
    place holds instead was proved; and nothing dies at the provider before it is condemned."""
    opened = {r["version"]: seconds(r["opened_at"]) for r in evidence.key["revocations"]}
    emergencies = {r["version"] for r in evidence.key["revocations"] if r["emergency"]}
    for revocation in evidence.key["revocations"]:
        held = evidence.content_at(opened[revocation["version"]])
        if revocation["emergency"] or held is None:
            continue
        claim(held != revocation["version"], f"S1: version {held} was condemned while its place held it")
        proofs = proofs_before(evidence, evidence.ids[held], opened[revocation["version"]])
        claim(proofs >= SETTLE or held < revocation["version"],
              f"S1: version {revocation['version']} was condemned after {proofs} proofs of {held}")
    for entry in evidence.journal:
        # One that was found by its label, and then came with its own answer, is two versions.
        numbers = evidence.versions_of(entry["key_id"]) if entry["effect"] in ("revoked", "disabled") else []
        if not numbers or emergencies.intersection(numbers):
            continue
        when = seconds(entry["time"])
        claim(any(number in opened and opened[number] <= when + COARSE_S for number in numbers),
              f"S1: version {numbers[0]} was {entry['effect']} before it was condemned")
        claim(evidence.content_at(when) not in numbers,
              f"S1: version {numbers[0]} was {entry['effect']} while its place held it")


def check_store(world):
    status, answer = world.agent.call("POST", "/v1/audit/verify")
    claim(status == 200 and answer["entries"] > 0, f"S9: the audit log is not whole: {status} {answer}")
    with contextlib.closing(sqlite3.connect(f"file:{world.path('vault.db')}?mode=ro", uri=True)) as store:
        found = store.execute("PRAGMA integrity_check").fetchone()[0]
    claim(found == "ok", f"S10: the store is damaged: {found}")


def check_log(world, secrets):
    """S6: no secret in what the agent logs or keeps beside its store."""
    for name in ("agent.log", "vault.db", "vault.db-wal", "audit.jsonl"):
        try:
            with open(world.path(name), "rb") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        for secret in secrets:
            claim(secret not in text, f"S6: {name} holds a secret")
    with open(world.path("agent.log"), "rb") as file:
        log = file.read().decode(errors="replace")
    for sign in ("AddressSanitizer", "runtime error:", "Assertion"):
        claim(sign not in log, f"the agent's log has: {sign}")


def check_all(world):
    world.place.look()
    evidence = Evidence(world)
    check_truth(evidence)
    check_places(evidence)
    check_order(evidence)
    check_store(world)
    check_log(world, list(evidence.secrets.values()))
    # What is held must be found again by an agent that starts.
    before = [(v["version"], v["state"]) for v in evidence.key["versions"]]
    world.restart()
    claim(world.agent.ready == "ready", f"S10: the store does not open again: {world.agent.ready}")
    claim(world.agent.get("/v1/health")["status"] == "unlocked", "S10: the store does not open again")
    after = [(v["version"], v["state"]) for v in (world.agent.get(PATH) or {"versions": []})["versions"]]
    claim(before == after, f"S10: before the last start {before}, after it {after}")
    return evidence
