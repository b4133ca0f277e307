"""The person on call: asks for what a scenario wants, does what the agent waits
for, starts the agent again when it died, and notices when it forgot a promise."""
import re
import time

from world import END_S, Broken, Gone

KEY = "live/reporting"
ADMIN = "live/amps-admin"
PATH = f"/v1/keys/{KEY}"


class Ask:
    """One wish. It is sent until the agent accepts it; from then on it must be known for ever."""

    def __init__(self, name, known, send, when=lambda key: True, then=lambda world: None,
                 held=lambda key: False):
        self.name = name
        self.known = known  # of the key's document: has the agent taken it?
        self.send = send    # (person, key): the status of the answer
        self.when = when    # of the key's document: is it time?
        self.then = then    # (world): once it is known
        self.held = held    # of the key's document: may it have been taken and wait for a person?
        self.accepted = False
        self.ended = False


def key_request(secret=None, provider="amps", place=None, more_places=(), **fields):
    environment, name = KEY.split("/")
    request = {"environment": environment, "name": name, "provider": provider, "grace_s": 0.1,
               "probe_every_s": 3600, "secret": secret, **fields}
    if place:
        request["deliveries"] = [{"kind": "file", "class": "live", "path": place.path, "format": "env",
                                  "variable": "AMPS_KEY"}, *more_places]
    return request


def rotations(key):
    return sorted(key["rotations"], key=lambda rotation: rotation["rotation"]) if key else []


def newest(key):
    return rotations(key)[-1] if key and key["rotations"] else None


def is_open(job):
    return job is not None and job["ended_at"] is None


def all_ended(key):
    return not any(is_open(job) for job in key["rotations"] + key["revocations"])


def masks(secret):
    return lambda mask: bool(mask) and secret.endswith(re.split("…", mask)[-1]) and \
        secret.startswith(re.split("…", mask)[0])


def missing_places(key):
    return key["current"] and any(d["holds_version"] != key["current"]["version"] for d in key["deliveries"])


def of_one_state(key):
    """The key's document is made of several records: does what they say fit together? And lists of what is open
    are of what is due."""
    current = [key["current"]["version"]] if key["current"] else []
    rotation = [key["rotation"]["state"]] if key["rotation"] else []
    return current == [version["version"] for version in key["versions"] if version["state"] == "current"] and \
        rotation == [job["state"] for job in key["rotations"] if is_open(job)] and \
        all(is_open(job) == (job["due_at"] is not None) for job in key["rotations"] + key["revocations"])


class Person:
    def __init__(self, world, asks=(), patient=False, stages=True):
        self.world = world
        self.asks = list(asks)
        self.patient = patient  # retries what came to need attention
        self.stages = stages
        self.revokes = True
        self.made = {}          # secret → the dashboard's document
        self.attention = []     # what came to need a person's decision
        self.deaths = 0
        self.probe_at = 0
        self.locked = False

    # --- At the dashboard ---------------------------------------------------

    def make(self, name):
        made = self.world.simulator.make(name)
        self.made[made["key"]] = made
        return made["key"]

    def stage(self, rotation):
        """Hand in the key that is asked for; one that was made already, again."""
        known = [secret for secret, made in self.made.items() if made["name"] == rotation["label"]]
        secret = known[0] if known else self.make(rotation["label"])
        self.world.agent.call("POST", f"/v1/rotations/{rotation['id']}/stage", {"secret": secret})

    def revoke(self, revocation):
        matches = masks_of(revocation, self.made)
        if len(matches) != 1:
            raise Broken(f"which key is meant by {revocation['mask']} {revocation['label']}?")
        self.world.simulator.revoke(matches[0]["id"])

    # --- At the agent -------------------------------------------------------

    def serve(self, key):
        for rotation in key["rotations"]:
            if not is_open(rotation):
                continue
            if rotation["state"] == "staging" and rotation["waits_for_person"] and self.stages:
                self.stage(rotation)
            if rotation["state"] == "attention":
                self.attention.append(rotation["detail"])
                if self.patient:
                    self.world.agent.call("POST", f"/v1/rotations/{rotation['id']}/retry")
        for revocation in key["revocations"]:
            if not is_open(revocation):
                continue
            if revocation["state"] == "waiting" and self.revokes:
                self.revoke(revocation)
            if revocation["state"] == "attention":
                self.attention.append(revocation["detail"])
                if self.patient:
                    self.world.agent.call("POST", f"/v1/revocations/{revocation['id']}/look")
        if self.patient and all_ended(key) and missing_places(key) and time.monotonic() > self.probe_at:
            self.probe_at = time.monotonic() + 1
            self.world.agent.call("POST", f"{PATH}/probe")

    def push(self, ask, key):
        if ask.known(key):
            if not ask.ended:
                ask.then(self.world)
            ask.accepted = ask.ended = True
            return True
        if ask.accepted and not ask.held(key):
            raise Broken(f"S4: {ask.name} was accepted and is forgotten")
        if ask.accepted:
            return False
        if ask.when(key):
            status = ask.send(self, key)
            ask.accepted = status in (200, 201, 202)
            if status not in (200, 201, 202, 409, 423, 507, 500, 503):
                raise Broken(f"{ask.name} is answered with {status}")
        return False

    def look(self):
        """The key's document; None while there is no such key."""
        status, answer = self.world.agent.call("GET", PATH)
        self.locked = status == 423
        if self.locked:
            self.unlock()
        elif status != 200 and status != 404:
            raise Broken(f"the key cannot be read: {status} {answer}")
        if status == 200 and not of_one_state(answer):
            raise Broken(f"an answer contradicts itself: {answer}")
        return answer if status == 200 else None

    def labels(self):
        """Keys that were asked for and may still come."""
        answer = self.world.agent.get("/v1/labels")
        return answer["labels"] if answer else []

    def land(self):
        """One of them comes: its create works late, also when its rotation has ended."""
        there = {key["name"] for key in self.world.simulator.keys()}
        label = next((label["label"] for label in self.labels() if label["label"] not in there), None)
        if label:
            self.world.simulator.make(label)
            self.world.lands = False

    def labels_ended(self):
        """Nothing has ended while there are some. The person looks at the dashboard, and says which are not there,
        but not of one that is yet to land: it may have been kept since land() looked."""
        labels = self.labels()
        living = {key["name"] for key in self.world.simulator.keys() if key["state"] != "revoked"}
        for label in labels:
            if label["label"] not in living and not self.world.lands:
                self.world.agent.call("DELETE", f"/v1/labels/{label['id']}")
        return not labels

    def unlock(self):
        """An agent that could not open its vault at the start waits for a person."""
        slot = {"kind": "key-file", "key_file": self.world.path("vault.key")}
        self.world.agent.call("POST", "/v1/vault/unlock", slot)

    def turn(self, finished):
        key = self.look()
        if self.locked:
            return False
        taken = all(self.push(ask, key) for ask in self.asks)
        if key:
            self.serve(key)
        if self.world.lands:
            self.land()
        # A label that is found becomes a revocation in one step: looked at in this order, neither hides.
        return taken and self.labels_ended() and finished(self.look())

    def until(self, finished, seconds, what):
        """Go on until finished(key). The agent is started again whenever it died."""
        limit = time.monotonic() + seconds
        while True:
            try:
                if not self.world.agent.alive():
                    raise Gone("it died")
                if self.turn(finished):
                    return
            except Gone:
                if self.world.agent.process.poll() is None and time.monotonic() < limit:
                    time.sleep(0.05)
                    if self.world.agent.alive():
                        continue
                self.revive()
            if time.monotonic() > limit:
                raise Broken(f"S10: {what}: not within {seconds} s; {self.state()}")
            time.sleep(0.03)

    def revive(self):
        status = self.world.agent.process.wait(END_S)
        if status not in (0, -9):
            raise Broken(f"the agent ended by itself with {status}")
        self.deaths += 1
        self.world.start()
        if self.world.agent.ready != "ready":
            raise Broken(f"S10: the agent does not start again: {self.world.agent.ready}")

    def state(self):
        try:
            key = self.look()
        except Gone:
            return "the agent does not answer"
        if not key:
            return "the key is not there"
        jobs = [f"rotation {r['rotation']} {r['state']}: {r['detail']}" for r in rotations(key)]
        jobs += [f"revocation of {r['version']} {r['state']}: {r['detail']}" for r in key["revocations"]]
        versions = [f"{v['version']} {v['state']}" for v in key["versions"]]
        return "; ".join(versions + jobs)


def masks_of(revocation, made):
    return [document for secret, document in made.items() if masks(secret)(revocation["mask"])]
