#!/usr/bin/env python3
"""Every definition that is shipped is valid by schema/provider.schema.json, and
every mistake of bad.tsv that the schema can see is refused by it. (That the
agent refuses them, and names the place, is test_definition.c.)"""
import pathlib
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def problems():
    import json
    schema = json.loads((ROOT / "schema/provider.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    good = (HERE / "good.yaml").read_text()
    shipped = sorted((ROOT / "packaging/providers").glob("*.yaml"))
    simulated = (ROOT / "tests/sim/amps/amps-api.yaml").read_text().replace("@BASE_URL@", "http://127.0.0.1:1")
    texts = [(str(path), path.read_text()) for path in shipped] + [("amps-api.yaml", simulated), ("good.yaml", good)]
    if not shipped:
        yield "no definition is shipped"
    for name, text in texts:
        for error in validator.iter_errors(yaml.safe_load(text)):
            yield f"{name}: {error.json_path}: {error.message}"
    for line in (HERE / "bad.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        who, old, new = line.split("\t")[:3]
        if good.count(old) < 1:
            yield f"bad.tsv: good.yaml has no {old!r}"
        valid = validator.is_valid(yaml.safe_load(good.replace(old, new, 1)))
        if valid != (who == "agent"):
            yield f"bad.tsv: {new!r} is {'valid' if valid else 'refused'}, and bad.tsv says {who}"


found = list(problems())
print("\n".join(found) if found else "every definition is valid, every mistake is refused")
sys.exit(1 if found else 0)
