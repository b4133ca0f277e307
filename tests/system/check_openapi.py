#!/usr/bin/env python3
"""Hold recorded answers to schema/openapi.yaml.

    check_openapi.py OPENAPI FOLDER [--unasked]

FOLDER has, for each exchange, NAME.asked ("METHOD /path?query"), NAME.head (status line and
headers as curl -D writes them) and NAME.body. Each answer must be of a described route, status
and type, with the headers that are required, and its body of the described schema. --unasked
prints the operations that no recorded exchange answered with success, one a line.
"""
import json
import pathlib
import re
import sys

import jsonschema
import yaml

METHODS = ("get", "post", "patch", "delete")


class Contract:
    def __init__(self, path):
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.document = yaml.load(pathlib.Path(path).read_text(encoding="utf-8"), Loader=loader)
        self.operations = [
            (method, re.compile(re.sub(r"\{[a-z]+\}", r"[^/]+", pattern) + r"\Z"), item[method])
            for pattern, item in self.document["paths"].items()
            for method in METHODS if method in item
        ]

    def follow(self, node):
        while "$ref" in node and node["$ref"].startswith("#/components/responses/"):
            node = self.document["components"]["responses"][node["$ref"].rsplit("/", 1)[1]]
        return node

    def operation(self, method, path):
        wanted = "get" if method == "HEAD" else method.lower()
        for candidate, pattern, operation in self.operations:
            if candidate == wanted and pattern.match(path):
                return operation
        return None

    def validate(self, schema, value):
        # The document itself is the root, so that its references lead somewhere.
        root = {"components": self.document["components"], "allOf": [schema]}
        jsonschema.Draft202012Validator(root).validate(value)


def headers_of(text):
    blocks = [block for block in re.split(r"\r?\n\r?\n", text) if block.startswith("HTTP/")]
    lines = blocks[-1].splitlines()
    headers = dict((name.strip().lower(), value.strip())
                   for name, value in (line.split(":", 1) for line in lines[1:] if ":" in line))
    return int(lines[0].split()[1]), headers


def check(contract, method, path, status, headers, body):
    operation = contract.operation(method, path)
    problem = contract.document["components"]["responses"]["Problem"]
    if operation is None:
        assert status in (404, 405), f"{status} of a route that is not described"
        response = problem
    else:
        responses = operation["responses"]
        assert status >= 400 or str(status) in responses, f"status {status} is not described"
        response = contract.follow(responses.get(str(status), responses["default"]))
    for name, header in response.get("headers", {}).items():
        assert not header.get("required") or name.lower() in headers, f"header {name} is missing"
        if name.lower() in headers and "const" in header["schema"]:
            assert headers[name.lower()] == header["schema"]["const"], f"header {name}"
    if "content" not in response:
        assert body == b"", "a body where none is described"
        return
    kind = headers.get("content-type", "").split(";")[0]
    assert kind in response["content"], f"type {kind!r} is not described for {status}"
    if method == "HEAD":
        assert body == b"", "a body after HEAD"
    elif kind.endswith("json"):
        value = json.loads(body.decode("utf-8"))
        contract.validate(response["content"][kind]["schema"], value)
        assert status < 400 or value["status"] == status, "the document names another status"


def main():
    contract = Contract(sys.argv[1])
    unasked = {operation["operationId"] for _, _, operation in contract.operations}
    failures = count = 0
    for asked in sorted(pathlib.Path(sys.argv[2]).glob("*.asked")):
        method, target = asked.read_text(encoding="utf-8").split()
        path = target.split("?")[0]
        status, headers = headers_of(asked.with_suffix(".head").read_text(encoding="utf-8"))
        try:
            check(contract, method, path, status, headers, asked.with_suffix(".body").read_bytes())
        except (AssertionError, ValueError, jsonschema.ValidationError) as error:
            where = "/".join(str(part) for part in getattr(error, "absolute_path", []))
            print(f"{method} {target}: {status}: {where} {getattr(error, 'message', error)}", file=sys.stderr)
            failures += 1
        operation = contract.operation(method, path)
        if operation is not None and status < 300:
            unasked.discard(operation["operationId"])
        count += 1
    if "--unasked" in sys.argv:
        print("\n".join(sorted(unasked)))
    if count == 0:
        print("nothing was asked", file=sys.stderr)
    return 1 if failures or count == 0 else 0


sys.exit(main())
