"""A world of its own for each case: a simulator, an agent with its vault, a place to deliver to.

Everything is below one folder, which is removed at the end. A world ends only
what it started.
"""
import http.client
import json
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Limits of time are reached by what fails only, on a machine that is busy with other things, too.
START_S = 120
CALL_S = 120
END_S = 60
REQUEST_TIME = "3s"


class Gone(Exception):
    """The agent did not answer: it was killed, or its connection broke."""


class Broken(Exception):
    """A promise does not hold; the text says which and how."""


def find_binary(build, name):
    for folder, _, files in os.walk(build):
        path = os.path.join(folder, name)
        if name in files and os.access(path, os.X_OK):
            return path
    raise SystemExit(f"{build} has no {name}: build it with -DKEYTURN_FAULT=ON")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=CALL_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, method, path, body=None, headers=None):
    """One request; the answer's status, content type and bytes."""
    headers = dict(headers or {}, Connection="close")
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


def end(process, how):
    """End a process that we started and take its status."""
    if process.poll() is None:
        how(process)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Simulator:
    def __init__(self, binary, folder, options=()):
        ready = os.path.join(folder, "sim.ready")
        self.log = open(os.path.join(folder, "sim.log"), "ab")
        self.process = subprocess.Popen(
            [binary, "--ready-file", ready, "--key-api", "--until-stdin-closes", *options],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.log)
        until = time.monotonic() + START_S
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > until:
                raise Broken("the simulator does not start")
            time.sleep(0.005)
        with open(ready, encoding="utf-8") as file:
            ports = json.load(file)
        self.api_port, self.dashboard_port = ports["api_port"], ports["dashboard_port"]
        self.base_url = f"http://127.0.0.1:{self.api_port}"
        self.admin_key = self.dashboard("GET", "/admin-key")["key"]

    def dashboard(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.dashboard_port, timeout=CALL_S)
        status, _, content = ask(connection, method, path, body)
        if status >= 400 and status != 409:
            raise Broken(f"the dashboard answers {status} to {method} {path}: {content[:200]!r}")
        return json.loads(content) if content else None

    def probe(self, secret):
        """What the API says of this key, and whose it is: ("alive" or "dead", id)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=CALL_S)
        status, _, _ = ask(connection, "GET", "/vehicle?limit=1", headers={"x-api-key": secret.decode()})
        last = [e for e in self.journal() if e["port"] == "api" and e["target"].startswith("/vehicle")][-1]
        return ("alive" if status == 200 else "dead"), last["key_id"]

    def journal(self):
        return self.dashboard("GET", "/journal")

    def make(self, name, environment="live"):
        return self.dashboard("POST", "/keys", {"name": name, "environment": environment})

    def revoke(self, key_id):
        self.dashboard("POST", f"/keys/{key_id}/revoke", {})

    def keys(self):
        return self.dashboard("GET", "/keys")

    def fault(self, **fault):
        self.dashboard("POST", "/faults", fault)

    def no_faults(self):
        self.dashboard("DELETE", "/faults")

    def close(self):
        end(self.process, lambda process: process.stdin.close())
        self.log.close()


class Agent:
    """One process of the agent. Its key file opens the vault when it starts."""

    def __init__(self, world, points=None, count=None, past_s=0, disk=None):
        self.socket = world.path("agent.sock")
        read_fd, write_fd = os.pipe()
        environment = {"PATH": os.environ["PATH"], "HOME": world.folder}
        if points:
            environment["KEYTURN_FAULT_POINTS"] = points
        if count:
            environment["KEYTURN_FAULT_COUNT"] = count
        if past_s:
            environment.update(LD_PRELOAD=world.programs.past, KEYTURN_PAST_S=str(past_s))
        if disk:
            environment.update(LD_PRELOAD=world.programs.disk, **disk.environment)
        self.process = subprocess.Popen(
            [world.programs.keyturnd, "--store", world.path("vault.db"),
             "--socket", self.socket, "--providers", world.path("providers"),
             "--key-file", world.path("vault.key"), "--ready-fd", str(write_fd)],
            stdin=subprocess.DEVNULL, stdout=world.log, stderr=world.log, env=environment,
            pass_fds=(write_fd,))
        os.close(write_fd)
        self.ready = self.wait_ready(read_fd)

    def wait_ready(self, fd):
        """The line it writes when it listens; empty when it died before."""
        line, until = b"", time.monotonic() + START_S
        with os.fdopen(fd, "rb", buffering=0) as pipe:
            while not line.endswith(b"\n"):
                if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
                    raise Broken("the agent is not ready in time")
                part = pipe.read(200)
                if not part:
                    break
                line += part
        return line.decode().strip()

    def alive(self):
        return self.process.poll() is None

    def call(self, method, path, body=None, raw=False):
        """(status, JSON); with raw the bytes. Gone when there is no whole answer."""
        headers = {"Accept": "application/octet-stream"} if raw else {}
        try:
            status, kind, content = ask(UnixConnection(self.socket), method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise Gone(str(error)) from error
        if raw and status == 200:
            return status, content
        return status, json.loads(content) if "json" in kind else None

    def get(self, path):
        status, answer = self.call("GET", path)
        return answer if status == 200 else None

    def kill(self):
        end(self.process, lambda process: process.kill())

    def stop(self):
        end(self.process, lambda process: process.terminate())


class Place:
    """A file that keys are delivered to, watched: each content that a reader could see."""

    def __init__(self, folder):
        os.mkdir(folder, 0o700)
        self.path = os.path.join(folder, "amps.env")
        self.seen = []  # (time of the change, content; None: the file is gone)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def read(self):
        """(time of the write, content); None where there is no file."""
        try:
            with open(self.path, "rb") as file:
                return os.fstat(file.fileno()).st_mtime, file.read()
        except FileNotFoundError:
            return None

    def look(self):
        found = self.read()
        if not found and self.seen and self.seen[-1][1] is not None:
            found = os.stat(os.path.dirname(self.path)).st_mtime, None
        if found and (not self.seen or self.seen[-1] != found):
            self.seen.append(found)

    def watch(self):
        while not self.ended.wait(0.01):
            self.look()

    def others(self):
        """What lies beside the file."""
        return [name for name in os.listdir(os.path.dirname(self.path)) if name != "amps.env"]

    def close(self):
        self.ended.set()
        self.thread.join()
        self.look()


class Disk:
    """A part of the world on a disk of its own, which fails at one call of the agent's until somebody mends it.
    With no call to fail at, it counts them."""

    def __init__(self, world, parts, at=None, sys=0, for_s=0.0):
        self.count, self.mark, self.for_s = world.path("disk.count"), world.path("disk.fails"), for_s
        self.environment = {"KEYTURN_DISK": ":".join(world.path(part) for part in parts)}
        if at is None:
            self.environment["KEYTURN_DISK_COUNT"] = self.count
        else:
            self.environment.update(KEYTURN_DISK_MARK=self.mark, KEYTURN_DISK_AT=str(at), KEYTURN_DISK_SYS=str(sys))
        self.failed = False
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.mend, daemon=True)
        self.thread.start()

    def calls(self):
        return os.path.getsize(self.count) if os.path.exists(self.count) else 0

    def mend(self):
        while not self.ended.wait(0.01):
            if os.path.exists(self.mark):
                self.failed = True
                self.ended.wait(self.for_s)
                os.remove(self.mark)
                return

    def close(self):
        self.ended.set()
        self.thread.join()


def complaints(world):
    """Each thing that the agent's log says of a store that cannot be written, and whether it could be again."""
    with open(world.path("agent.log"), encoding="utf-8") as log:
        lines = [line for line in log if "store can" in line]
    return [line for line in lines if "cannot be written" in line], any("written again" in line for line in lines)


class Programs:
    def __init__(self, build):
        self.keyturnd = find_binary(build, "keyturnd")
        self.simulator = find_binary(build, "amps-sim")
        self.past = find_binary(build, "libkeyturn_past.so")
        self.disk = find_binary(build, "libkeyturn_disk.so")


def brief(text):
    """The same provider under another name, which waits less long for a proof."""
    text = re.sub(r"(?m)^name: (.*)$", r"name: \1-brief", text)
    text = re.sub(r"(?m)^  proving_deadline:.*\n", "", text)
    return re.sub(r"(?m)^(  propagation:.*)$", r"\1\n  proving_deadline: 600ms", text)


def short_times(text, base_url):
    """A provider's definition against the simulator, with times that a test can wait for. A request has time enough
    where many worlds share a processor: one that ran out of it would be a fault that nobody asked for."""
    text = text.replace("@BASE_URL@", base_url).replace("https://api.amps.ai", base_url)
    for name, value in (("settle", "2"), ("settle_interval", "20ms"), ("propagation", "300ms"),
                        ("watch", "100ms"), ("proving_deadline", "60s")):
        text = re.sub(rf"(?m)^(  {name}:).*$", rf"\1 {value}", text)
    return re.sub(r"(?m)^( +timeout:).*$", rf"\1 {REQUEST_TIME}", text)


class World:
    def __init__(self, programs, options=()):
        self.programs = programs
        self.folder = tempfile.mkdtemp(prefix="keyturn-fault.")
        self.agent = None
        self.simulator = None
        self.place = None
        self.starts = 0
        self.lands = False  # a create whose answer was lost works late
        self.log = open(self.path("agent.log"), "ab")
        try:
            self.simulator = Simulator(programs.simulator, self.folder, options)
            self.place = Place(self.path("place"))
            self.write_providers()
            self.make_vault()
        except BaseException:
            self.close()
            raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_providers(self):
        os.mkdir(self.path("providers"))
        for source in ("packaging/providers/amps.yaml", "tests/sim/amps/amps-api.yaml"):
            with open(os.path.join(REPOSITORY, source), encoding="utf-8") as file:
                text = short_times(file.read(), self.simulator.base_url)
            if os.path.basename(source) == "amps-api.yaml":
                text = re.sub(r"(?m)^( +)- method: .*\n", rf"\g<0>\1  timeout: {REQUEST_TIME}\n", text)
            name = os.path.basename(source)
            for name, text in ((name, text), (name.replace(".yaml", "-brief.yaml"), brief(text))):
                with open(self.path(os.path.join("providers", name)), "w", encoding="utf-8") as file:
                    file.write(text)

    def make_vault(self):
        with open(self.path("vault.key"), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(os.urandom(32).hex().encode())
        self.start()
        if self.agent.ready != "ready":
            raise Broken(f"the agent does not start: {self.agent.ready}")
        slot = {"kind": "key-file", "key_file": self.path("vault.key")}
        status, answer = self.agent.call("POST", "/v1/vault/init", {"slot": slot, "low_cost": True})
        if status != 201:
            raise Broken(f"no vault: {status} {answer}")

    def start(self, **how):
        """Start the agent; it may have died already, at a point that it passes at the start."""
        self.starts += 1
        self.agent = Agent(self, **how)

    def restart(self, **how):
        self.agent.stop()
        self.start(**how)

    def close(self):
        if self.agent:
            self.agent.stop()
        if self.place:
            self.place.close()
        if self.simulator:
            self.simulator.close()
        self.log.close()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
