#!/usr/bin/env python3
"""schema/config.schema.json and keyturnd --check-config take and refuse the same files.

  check_config.py KEYTURND FOLDER

The rows are config.tsv's, and 62 environments (the most) and 63. The shipped example is
good as it is, and with each of its settings put into force."""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
KEYTURND, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])


def rows():
    for line in (HERE / "config.tsv").read_text().splitlines():
        if not line.startswith("#"):
            kind, text, *message = line.split("\t")
            yield kind, text.replace("\\n", "\n") + "\n", "".join(message)
    for kind, count, message in (("good", 62, ""), ("bad", 63, "environments")):
        names = [f"  - {{name: e{number}, class: test}}\n" for number in range(count)]
        yield kind, "environments:\n" + "".join(names), message
    example = (ROOT / "packaging/keyturn.yaml").read_text()
    in_force = re.sub(r"(?m)^#([a-z_]+:|  )", r"\1", example)
    yield "good", example, ""
    yield "good", in_force, ""
    schema = json.loads((ROOT / "schema/config.schema.json").read_text())
    missing = set(schema["properties"]) - set(yaml.safe_load(in_force))
    if missing:
        yield "good", f"example_lacks: {sorted(missing)}", ""


def agent(text):
    """None when the agent takes it, else what it says."""
    path = FOLDER / "config.yaml"
    path.write_text(text)
    path.chmod(0o600)
    run = subprocess.run([KEYTURND, "--config", path, "--check-config"], capture_output=True, text=True, check=False)
    return None if run.returncode == 0 else run.stderr


def problems(validator):
    for kind, text, message in rows():
        valid = validator.is_valid(yaml.safe_load(text))
        if valid != (kind != "bad"):
            yield f"the schema {'takes' if valid else 'refuses'}, against {kind}: {text}"
        said = agent(text)
        if (said is None) != (kind == "good"):
            yield f"the agent {'takes' if said is None else 'refuses'}, against {kind}: {text}{said or ''}"
        elif said is not None and message not in said:
            yield f"the agent says {said!r}, without {message!r}: {text}"


def main():
    schema = json.loads((ROOT / "schema/config.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = list(problems(jsonschema.Draft202012Validator(schema)))
    print("\n".join(found) if found else "schema and agent agree")
    return 1 if found else 0


sys.exit(main())
