#!/usr/bin/env python3
"""Five services that keep secrets, on one loopback port, as their documentation says.

sinks.py READY_FILE STATE_FILE

READY_FILE gets the port. STATE_FILE is rewritten after each request: what each service holds, and the
requests seen, without their credentials. A request that is not as documented is answered as the
service would. `POST /faults {"path": PART, "status": N, "times": N}` makes requests fail.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import os
import re
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

TOKEN = "sink-credential-5f1c90d2"
AWS_ID = "AKIAIOSFODNN7EXAMPLE"
SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium"))
PUBLIC = ctypes.create_string_buffer(32)
PRIVATE = ctypes.create_string_buffer(32)
SODIUM.crypto_box_keypair(PUBLIC, PRIVATE)

LOCK = Lock()
HELD = {"vault": {}, "kubernetes": {}, "github": {}, "gitlab": {}, "aws": {}}
SEEN = []
FAULTS = []


def open_box(text):
    """What a sealed box holds; None when it is not one for our key."""
    box = base64.b64decode(text, validate=True)
    out = ctypes.create_string_buffer(max(len(box) - 48, 1))
    if SODIUM.crypto_box_seal_open(out, box, ctypes.c_ulonglong(len(box)), PUBLIC, PRIVATE) != 0:
        return None
    return out.raw[: len(box) - 48].decode()


def aws_signature(request, body):
    """The signature that AWS would compute (Signature Version 4) from what was sent."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/(\d{8})/([a-z0-9-]+)/secretsmanager/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})", request.headers.get("Authorization", ""))
    if not match or match[1] != AWS_ID:
        return None
    names = match[4].split(";")
    if "host" not in names or "x-amz-date" not in names or "x-amz-target" not in names:
        return None
    lines = "".join(f"{n}:{request.headers[n].strip()}\n" for n in names)
    canonical = "\n".join(["POST", "/", "", lines, match[4], hashlib.sha256(body).hexdigest()])
    scope = f"{match[2]}/{match[3]}/secretsmanager/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + TOKEN).encode()
    for part in (match[2], match[3], "secretsmanager", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    wanted = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, match[5])


class Sinks(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, document=None, kind="application/json"):
        body = b"" if document is None else json.dumps(document).encode()
        with open(sys.argv[2] + ".new", "w", encoding="utf-8") as out:
            json.dump({"held": HELD, "seen": SEEN}, out)
        os.replace(sys.argv[2] + ".new", sys.argv[2])
        self.send_response(status)
        if body:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urllib.parse.urlsplit(self.path)
        with LOCK:
            if url.path == "/faults":
                FAULTS.append(json.loads(body))
                return self.answer(200, {})
            SEEN.append(f"{self.command} {self.path}")
            for fault in FAULTS:
                if fault["times"] > 0 and fault["path"] in SEEN[-1]:
                    fault["times"] -= 1
                    return self.answer(fault["status"], {"message": "a fault that was asked for"})
            path = [urllib.parse.unquote(part) for part in url.path.split("/")[1:]]
            query = dict(urllib.parse.parse_qsl(url.query))
            if path[:1] == ["v1"]:
                return self.vault(path, body)
            if path[:2] == ["api", "v1"]:
                return self.kubernetes(path, query, body)
            if path[:1] == ["repos"]:
                return self.github(path, body)
            if path[:2] == ["api", "v4"]:
                return self.gitlab(path, query, body)
            if path == [""]:
                return self.aws(body)
            return self.answer(404, {"message": "Not Found"})

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def vault(self, path, body):
        if self.headers.get("X-Vault-Token") != TOKEN:
            return self.answer(403, {"errors": ["permission denied"]})
        if path[1] != "secret" or path[2] != "data":
            return self.answer(404, {"errors": ["no handler for route"]})
        versions = HELD["vault"].setdefault("/".join(path[3:]), [])
        if self.command == "POST":
            versions.append(json.loads(body)["data"])
            return self.answer(200, {"data": {"version": len(versions), "destroyed": False}})
        if self.command == "DELETE":
            versions.append(None)
            return self.answer(204)
        if not versions or versions[-1] is None:
            return self.answer(404, {"errors": []})
        return self.answer(200, {"data": {"data": versions[-1], "metadata": {"version": len(versions)}}})

    def kubernetes(self, path, query, body):
        def status(code, reason):
            return self.answer(code, {"kind": "Status", "apiVersion": "v1", "reason": reason, "code": code})
        if self.headers.get("Authorization") != "Bearer " + TOKEN:
            return status(401, "Unauthorized")
        if path[2] != "namespaces" or path[4] != "secrets":
            return status(404, "NotFound")
        name = path[3] + "/" + path[5]
        data = HELD["kubernetes"].get(name)
        code = 200
        if self.command == "PATCH" and self.headers["Content-Type"] == "application/apply-patch+yaml":
            given = json.loads(body)
            if query.get("fieldManager") != "keyturn" or query.get("force") != "true":
                return status(409, "Conflict")
            if given["kind"] != "Secret" or given["metadata"] != {"name": path[5], "namespace": path[3]}:
                return status(400, "BadRequest")
            for value in given["data"].values():
                base64.b64decode(value, validate=True)
            code = 200 if data is not None else 201
            data = HELD["kubernetes"].setdefault(name, {})
            data.update(given["data"])
        elif data is None:
            return status(404, "NotFound")
        elif self.command == "PATCH" and self.headers["Content-Type"] == "application/merge-patch+json":
            for field, value in json.loads(body)["data"].items():
                if value is None:
                    data.pop(field, None)
        elif self.command != "GET":
            return status(415, "UnsupportedMediaType")
        return self.answer(code, {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": path[5]}, "data": data})

    def github(self, path, body):
        if self.headers.get("Authorization") != "Bearer " + TOKEN:
            return self.answer(401, {"message": "Bad credentials", "status": "401"})
        if not self.headers.get("User-Agent") or path[3:5] != ["actions", "secrets"]:
            return self.answer(403, {"message": "Forbidden"})
        if path[5] == "public-key":
            return self.answer(200, {"key_id": "568250167242549743", "key": base64.b64encode(PUBLIC.raw).decode()})
        name = f"{path[1]}/{path[2]}/{path[5]}"
        known = name in HELD["github"]
        if self.command == "PUT":
            given = json.loads(body)
            value = open_box(given["encrypted_value"]) if given["key_id"] == "568250167242549743" else None
            if value is None:
                return self.answer(422, {"message": "Unprocessable Entity"})
            HELD["github"][name] = value
            return self.answer(204) if known else self.answer(201, {})
        if not known:
            return self.answer(404, {"message": "Not Found"})
        if self.command == "DELETE":
            del HELD["github"][name]
            return self.answer(204)
        return self.answer(200, {"name": path[5], "created_at": "2026-01-01T00:00:00Z",
                                 "updated_at": "2026-01-02T00:00:00Z"})

    def gitlab(self, path, query, body):
        if self.headers.get("PRIVATE-TOKEN") != TOKEN:
            return self.answer(401, {"message": "401 Unauthorized"})
        if path[2] != "projects" or path[4] != "variables":
            return self.answer(404, {"message": "404 Project Not Found"})
        held = HELD["gitlab"]
        given = json.loads(body) if body else {}
        if given.get("masked") and len(given["value"]) < 8:
            return self.answer(400, {"message": {"value": ["is too short (minimum is 8 characters)"]}})
        if self.command == "POST":
            name = f"{path[3]}/{given['key']}@{given['environment_scope']}"
            if name in held:
                return self.answer(400, {"message": {"key": [f"({given['key']}) has already been taken"]}})
            held[name] = given
            return self.answer(201, given)
        name = f"{path[3]}/{path[5]}@{query.get('filter[environment_scope]', '*')}"
        if name not in held:
            return self.answer(404, {"message": "404 Variable Not Found"})
        if self.command == "DELETE":
            del held[name]
            return self.answer(204)
        held[name].update(given)
        return self.answer(200, held[name])

    def aws(self, body):
        kind = "application/x-amz-json-1.1"
        given = json.loads(body)
        if self.headers.get("Content-Type") != kind or \
                self.headers.get("X-Amz-Target") != "secretsmanager.PutSecretValue":
            return self.answer(400, {"__type": "UnknownOperationException"}, kind)
        signed = aws_signature(self, body)
        if signed is None:
            return self.answer(400, {"__type": "UnrecognizedClientException"}, kind)
        if not signed:
            return self.answer(400, {"__type": "InvalidSignatureException"}, kind)
        if given["SecretId"] != "app/amps":
            return self.answer(400, {"__type": "ResourceNotFoundException"}, kind)
        token = given["ClientRequestToken"]
        if not 32 <= len(token) <= 64:
            return self.answer(400, {"__type": "InvalidParameterException"}, kind)
        HELD["aws"].setdefault(given["SecretId"], []).append(given["SecretString"])
        return self.answer(200, {"ARN": "arn:aws:secretsmanager:eu-central-1:1:secret:app/amps-AbCdEf",
                                 "Name": "app/amps", "VersionId": token, "VersionStages": ["AWSCURRENT"]}, kind)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sinks)
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as ready:
        ready.write(str(server.server_port))
    os.replace(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


main()
