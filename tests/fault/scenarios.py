"""The scenarios: how each begins, what is asked, and when it has ended."""
from person import ADMIN, KEY, PATH, Ask, Person, all_ended, key_request, newest
from world import Broken

SETUP_S = 120


def add(person, key):
    secret = next(iter(person.made), None) or person.make("reporting-1")
    request = key_request(secret, place=person.world.place)
    return person.world.agent.call("POST", "/v1/keys", request)[0]


def rotate(person, key):
    return person.world.agent.call("POST", f"{PATH}/rotations")[0]


def move(name):
    def send(person, key):
        rotation = newest(key)
        return person.world.agent.call("POST", f"/v1/rotations/{rotation['id']}/{name}")[0]
    return send


def emergency(person, key):
    request = {"targets": [{"key": KEY, "version": 1}], "reason": "pasted into a chat"}
    return person.world.agent.call("POST", "/v1/revocations", request)[0]


def in_state(*states):
    return lambda key: key is not None and newest(key) is not None and newest(key)["state"] in states


def version_is(key, number, *states):
    return any(v["version"] == number and v["state"] in states for v in key["versions"])


def rotations_are(count):
    return lambda key: key is not None and len(key["rotations"]) >= count


def holds_current(key):
    return key is not None and key["current"] is not None and \
        all(d["holds_version"] == key["current"]["version"] for d in key["deliveries"])


def begin_manual(world, **fields):
    person = Person(world)
    request = key_request(person.make("reporting-1"), place=world.place, **fields)
    expect(world.agent.call("POST", "/v1/keys", request), 201)
    person.until(holds_current, SETUP_S, "the first delivery")
    return person


def begin_api(world, provider="amps-api", **fields):
    admin = {"environment": "live", "name": ADMIN.split("/")[1], "provider": "amps-api", "unchecked": True,
             "secret": world.simulator.admin_key}
    expect(world.agent.call("POST", "/v1/keys", admin), 201)
    expect(world.agent.call("POST", "/v1/keys", key_request(provider=provider, place=world.place, **fields)), 201)
    person = Person(world, [Ask("rotation", rotations_are(1), rotate)])
    person.until(lambda key: in_state("done")(key) and holds_current(key), SETUP_S, "the first version")
    return person


def begin_empty(world):
    return Person(world)


def expect(answer, status):
    if answer[0] != status:
        raise Broken(f"{status} was expected, not {answer}")


class Scenario:
    def __init__(self, begin, asks, ended, stages=True, prepare=lambda world: None, **fields):
        self.begin_with = begin
        self.asks = asks
        self.ended = ended
        self.stages = stages
        self.prepare = prepare
        self.fields = fields

    def begin(self, world):
        """The world before the first ask; the person who goes on."""
        person = self.begin_with(world, **self.fields)
        person.asks = self.asks()
        person.stages = self.stages
        self.prepare(world)
        return person


def rotated(key):
    """A later version is current. Those between died: a create whose answer was lost."""
    return in_state("done")(key) and all_ended(key) and holds_current(key) and \
        key["current"]["version"] > 1 and others_dead(key)


def others_dead(key):
    return all(v["state"] == "dead" or v["version"] == key["current"]["version"] for v in key["versions"])


def given_up(key):
    return in_state("failed")(key) and all_ended(key) and holds_current(key) and \
        key["current"]["version"] == 1 and others_dead(key)


def killed(key):
    return key is not None and all_ended(key) and version_is(key, 1, "dead")


def ask_rotation(count):
    return Ask("rotation", rotations_are(count), rotate)


def ask_move(name, *states):
    # Once it is taken, the rotation is on its way to failed.
    return Ask(name, in_state("undoing", "failed"), move(name), in_state(*states))


def no_proof(world):
    world.simulator.fault(match={"path": "/battery*"}, kind="status_500", times=-1)


def ask_cancel_unproved():
    return Ask("cancel", in_state("undoing", "failed"), move("cancel"), in_state("proving"),
               lambda world: world.simulator.no_faults())


def no_disable(world):
    world.simulator.fault(match={"path": "/keys/*/disable"}, kind="status_500", times=-1)


def coming_back(key):
    """The old version is enabled again, or put back already."""
    enabled = any(r["version"] == 1 and r["state"] in ("enabling", "restored") for r in key["revocations"])
    return enabled or in_state("undoing", "failed")(key)


def credential_refused(key):
    """While it was enabled again, too: until somebody looks, it does not say where it came from."""
    return any(r["version"] == 1 and r["state"] == "attention" for r in key["revocations"])


def ask_back():
    """The old version is asked for while it is being disabled."""
    return Ask("rollback", coming_back, move("rollback"), in_state("retiring"), lambda world: world.simulator.no_faults(),
               credential_refused)


def lost_create(world):
    world.simulator.fault(match={"method": "POST", "path": "/keys"}, kind="reset_before", times=1)
    world.lands = True


def late_one_dead(key):
    return rotated(key) and version_is(key, 2, "dead")


def slow_proof(world):
    world.simulator.fault(match={"path": "/battery*"}, kind="delay", delay_ms=400, times=2)


def is_emergency(key):
    return key is not None and any(r["emergency"] for r in key["revocations"])


def ask_emergency():
    """On version 1."""
    return Ask("emergency", is_emergency, emergency)


def ask_emergency_rotating():
    """On version 1, from when the new one is proved on. A machine that is busy may be so late that the rotation has
    killed it, and there is nothing left to ask for."""
    return Ask("emergency", lambda key: is_emergency(key) or (key is not None and version_is(key, 1, "dead")), emergency,
               in_state("proving", "delivering", "settling", "retiring"))


SCENARIOS = {
    "add": Scenario(begin_empty, lambda: [Ask("key", lambda key: key is not None, add)], holds_current),
    "manual": Scenario(begin_manual, lambda: [ask_rotation(1)], rotated),
    "api": Scenario(begin_api, lambda: [ask_rotation(2)], rotated),
    "late": Scenario(begin_api, lambda: [ask_rotation(2)], late_one_dead, prepare=lost_create),
    "emergency": Scenario(begin_api, lambda: [ask_emergency()], killed),
    "emergency-manual": Scenario(begin_manual, lambda: [ask_emergency()], killed),
    "emergency-rotating": Scenario(begin_manual, lambda: [ask_rotation(1), ask_emergency_rotating()], rotated,
                                   prepare=slow_proof),
    "rollback": Scenario(begin_manual, lambda: [ask_rotation(1), ask_move("rollback", "settling")],
                         given_up, grace_s=3600),
    "rollback-api": Scenario(begin_api, lambda: [ask_rotation(2), ask_move("rollback", "settling")],
                             given_up, grace_s=3600),
    "rollback-late": Scenario(begin_api, lambda: [ask_rotation(2), ask_back()], given_up, prepare=no_disable),
    "cancel": Scenario(begin_manual, lambda: [ask_rotation(1), ask_move("cancel", "staging")],
                       given_up, stages=False),
    "cancel-proving": Scenario(begin_manual, lambda: [ask_rotation(1), ask_cancel_unproved()],
                               given_up, prepare=no_proof),
}
