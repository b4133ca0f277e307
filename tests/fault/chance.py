"""Random runs: a seed decides what is asked, what the provider does, and when the agent is killed."""
import random
import time

from cases import FINISH_S, KINDS, Case
from person import KEY, PATH, all_ended, is_open, newest
from scenarios import begin_api, begin_manual, holds_current
from world import Broken, Gone

TURNS = 25


class Chance(Case):
    def __init__(self, seed):
        super().__init__("random", f"--seed {seed}")
        self.seed = seed

    def play(self, world):
        dice = random.Random(self.seed)
        begin = dice.choice([begin_manual, begin_api])
        person = begin(world, grace_s=dice.choice([0, 0.1, 0.5]))
        person.asks = []
        person.patient = True
        done = [self.turn(world, person, dice) for _ in range(TURNS)]
        world.simulator.no_faults()
        person.until(at_rest, FINISH_S, "rest after " + " ".join(done))
        return " ".join(done)

    def turn(self, world, person, dice):
        action = dice.choice(ACTIONS)
        try:
            if not world.agent.alive():
                raise Gone("it died")
            action(world, person, dice)
            person.turn(lambda key: False)
        except Gone:
            person.revive()
        time.sleep(dice.random() * 0.15)
        return action.__name__


def at_rest(key):
    """Nothing is open. A key whose last version was killed has no current one, and that is rest, too."""
    return key is not None and all_ended(key) and (key["current"] is None or holds_current(key))


# --- What may happen --------------------------------------------------------


def rotate(world, person, dice):
    world.agent.call("POST", f"{PATH}/rotations")


def move(world, person, dice):
    rotation = newest(person.look())
    name = dice.choice(["cancel", "retry", "rollback", "go-on"])
    if rotation and is_open(rotation):
        world.agent.call("POST", f"/v1/rotations/{rotation['id']}/{name}")


def emergency(world, person, dice):
    key = person.look()
    if key is None:
        return
    version = dice.choice(key["versions"])
    status, answer = world.agent.call("POST", "/v1/revocations", {
        "targets": [{"key": KEY, "version": version["version"]}], "reason": "by chance"})
    if status not in (201, 409, 423, 507):
        raise Broken(f"an emergency on version {version['version']} is answered with {status} {answer}")


def misbehave(world, person, dice):
    kind = dice.choice([kind for kind in KINDS if kind not in ("invalid_key", "unauthorized")])
    world.simulator.fault(match={}, kind=kind, skip=dice.randrange(3), times=dice.randint(1, 4), **KINDS[kind])


def land(world, person, dice):
    world.lands = True  # as soon as there is a label


def kill(world, person, dice):
    world.agent.kill()


def kill_at_point(world, person, dice):
    world.restart(points=f"*:kill@{dice.randint(1, 60)}")


def fail_commit(world, person, dice):
    first = dice.randint(1, 20)
    world.restart(points=",".join(f"store.commit.fail:fail@{first + n}" for n in range(dice.randint(1, 4))))


def wait(world, person, dice):
    time.sleep(0.3)


ACTIONS = [rotate, rotate, move, emergency, misbehave, misbehave, land, kill, kill_at_point, fail_commit, wait, wait,
           wait]
