#!/usr/bin/env bats
# keyturn apply and export: the vault as a file without secrets says.
load helpers

setup() { world_begin; }
teardown() { world_end; }

begin() { # a live and a sandbox key, with policies and deliveries
  world_start
  LIVE=$(dashboard_make reporting-1 live)
  TEST=$(dashboard_make ci-1 sandbox)
  key_add live/reporting "$LIVE" --title 'Re: "porting" # 1' --owner energy-team --every 30d --grace 1s \
    --window 'Tue..Thu 09:00-16:00 Europe/Berlin' --label team=energy --label 'on=yes' \
    --deliver-file "$WORLD/places/a.env:env:AMPS_KEY" >/dev/null
  key_add sandbox/ci "$TEST" --wipe-dead yes --receipts yes --on-dead rotate --not-with live/reporting >/dev/null
  keyturn deliver live/reporting add '{"kind":"file","class":"live","path":"'"$WORLD"'/places/b","mode":"0640",
    "format":"template","template":"a:\t{{secret}}\n# \"x\" \\ é"}' >/dev/null
  FILE=$WORLD/inventory.yaml
}

write() { # write LINE...: the inventory's keys
  printf '%s\n' 'inventory: 1' 'keys:' "$@" >"$FILE"
}

exits() { # exits STATUS COMMAND...
  local wanted=$1
  shift
  run "$@"
  [ "$status" = "$wanted" ] || { printf 'status %s, not %s: %s\n' "$status" "$wanted" "$output" >&2; return 1; }
}

@test "S6: an export is read back without a difference, is the same bytes again, and holds no secret" {
  begin
  keyturn export >"$FILE"
  exits 0 keyturn apply "$FILE" --dry-run
  has 'is as the file says' "$output"
  keyturn export | cmp - "$FILE"
  keyturn export --json >"$WORLD/inventory.json"
  exits 0 keyturn apply "$WORLD/inventory.json" --dry-run
  exits 0 keyturn apply - --dry-run <"$FILE"
  lacks "$LIVE" "$(cat "$FILE" "$WORLD/inventory.json")"
  lacks "$TEST" "$(cat "$FILE" "$WORLD/inventory.json")"
  python3 - "$REPOSITORY/schema" "$FILE" "$WORLD/inventory.json" <<'END'
import json, pathlib, sys
import jsonschema, yaml
folder = pathlib.Path(sys.argv[1])
schema = json.loads((folder / "inventory.schema.json").read_text())
delivery = jsonschema.Draft202012Validator(json.loads((folder / "delivery.schema.json").read_text()))
items = schema["$defs"]["key"]["properties"]["deliveries"]["items"]
assert items.pop("$ref") == "delivery.schema.json"  # looked at by itself: nothing is fetched here
validator = jsonschema.Draft202012Validator(schema)
documents = [yaml.safe_load(pathlib.Path(name).read_text()) for name in sys.argv[2:]]
for document in documents:
    validator.validate(document)
    for place in document["keys"]["live/reporting"]["deliveries"]:
        delivery.validate(place)
    assert set(document["keys"]) == {"live/reporting", "sandbox/ci"}
assert documents[0]["keys"]["live/reporting"]["title"] == 'Re: "porting" # 1'
bad = json.loads(json.dumps(documents[0]))
bad["keys"]["live/reporting"]["secret"] = "x"
assert not validator.is_valid(bad)
END
}

@test "apply shows the difference, makes it, and has nothing left to do" {
  begin
  write '  live/reporting:' '    provider: amps' '    every: 1440h' '    labels: {team: energy, tier: "2"}' \
    '    deliveries:' "      - {kind: file, class: live, path: $WORLD/places/c}" '  sandbox/ci: {provider: amps}'
  exits 6 keyturn apply "$FILE" --dry-run
  has '~ every 30d → 60d' "$output"
  has '- label on: "yes"' "$output"
  has '+ label tier: "2"' "$output"
  has '+ delivery {kind: file, class: live' "$output"
  key_is live/reporting .every_s 2592000
  exits 2 keyturn apply "$FILE" </dev/null
  key_is live/reporting .every_s 2592000
  exits 0 keyturn apply "$FILE" --yes
  key_is live/reporting .every_s 5184000
  key_is live/reporting .title ''
  key_is live/reporting .labels.tier 2
  key_is live/reporting '.deliveries | map(.target) | join(" ")' "$WORLD/places/c"
  key_is sandbox/ci .not_with null
  key_is sandbox/ci .wipe_dead false
  wait_for 10 file_is "$WORLD/places/c" "$LIVE"
  exits 0 keyturn apply "$FILE" --dry-run --json
  [ "$output" = '{"changes":[],"not_in_file":0}' ]
}

@test "apply adds what is missing, and says what a person has to do" {
  begin
  keyturn export >"$FILE"
  cat >>"$FILE" <<END
  live/new:
    provider: amps
    every: 30d
    not_with: live/other
    deliveries:
      - {kind: file, class: live, path: $WORLD/places/new}
  live/other: {provider: amps}
END
  exits 6 keyturn apply "$FILE" --yes
  has 'a person makes its first key: keyturn stage live/new' "$output"
  key_is live/other .not_with live/new
  NEW=$(dashboard_make new-1 live)
  keyturn stage live/new --stdin <<<"$NEW"
  wait_for 20 file_is "$WORLD/places/new" "$NEW"
  exits 0 keyturn apply "$FILE" --dry-run
}

@test "a key that another one needs as its credential is added before it, and a circle is added all the same" {
  begin
  keyturn export >"$FILE"
  cat >>"$FILE" <<END
  live/a: {provider: amps, credential: live/z}
  live/b: {provider: amps, credential: live/c}
  live/c: {provider: amps, credential: live/b}
  live/z: {provider: amps}
END
  exits 6 keyturn apply "$FILE" --yes --json
  [ "$(jq -r '.changes[] | select(.done) | .key' <<<"$output" | xargs)" = 'live/a live/b live/c live/z' ]
  [ "$(jq -r 'select(.what == "key.add") | .key' "$AUDIT" | tail -n 4 | xargs)" = 'live/z live/a live/b live/c' ]
  key_is live/b .credential live/c
  exits 0 keyturn apply "$FILE" --dry-run
}

@test "S1: deliveries of an open rotation wait, and the rest is done" {
  begin
  keyturn rotate live/reporting || true
  write '  live/reporting: {provider: amps, every: 60d}'
  exits 6 keyturn apply "$FILE" --yes
  has 'its rotation is open' "$output"
  key_is live/reporting .every_s 5184000
  key_is live/reporting '.deliveries | length' 2
  keyturn cancel live/reporting --yes || true
  wait_for 10 rotation_is live/reporting failed
  exits 0 keyturn apply "$FILE" --yes
  key_is live/reporting '.deliveries | length' 0
}

@test "S5: a place goes from a test key to a live one in one run; a place of the wrong class is refused, the rest is done" {
  begin
  keyturn deliver sandbox/ci add "$WORLD/places/shared" >/dev/null
  write '  sandbox/ci: {provider: amps}' '  live/reporting:' '    provider: amps' '    deliveries:' \
    "      - {kind: file, class: live, path: $WORLD/places/shared}"
  exits 0 keyturn apply "$FILE" --yes
  wait_for 10 file_is "$WORLD/places/shared" "$LIVE"
  write '  live/reporting: {provider: amps, every: 9d}' '  sandbox/ci:' '    provider: amps' '    deliveries:' \
    "      - {kind: file, class: live, path: $WORLD/places/x}"
  exits 1 keyturn apply "$FILE" --yes
  has 'declared a live place' "$output"
  key_is live/reporting .every_s 777600
}

@test "two keys change places in one run; a place that is in the file twice stays with the first, and the rest is done" {
  begin
  nightly=$(dashboard_make nightly-1 live)
  key_add live/nightly "$nightly" --deliver-file "$WORLD/places/c" >/dev/null
  places() { # places REPORTING NIGHTLY
    write '  live/reporting:' '    provider: amps' '    deliveries:' "      - {kind: file, class: live, path: $WORLD/places/$1}" \
      '  live/nightly:' '    provider: amps' '    every: 9d' '    deliveries:' "      - {kind: file, class: live, path: $WORLD/places/$2}"
  }
  places c d
  exits 0 keyturn apply "$FILE" --yes
  places d c
  exits 0 keyturn apply "$FILE" --yes
  wait_for 10 file_is "$WORLD/places/c" "$nightly"
  wait_for 10 file_is "$WORLD/places/d" "$LIVE"
  places d d
  exits 1 keyturn apply "$FILE" --yes
  has "$WORLD/places/d is a place of live/reporting already" "$output"
  key_is live/nightly .every_s 777600
  file_is "$WORLD/places/d" "$LIVE"
}

@test "prune removes only keys whose versions are dead, and names the others" {
  begin
  dashboard_revoke ci-1
  keyturn revoke sandbox/ci --yes >/dev/null || true
  wait_for 20 version_is sandbox/ci 1 dead
  write '  live/third: {provider: amps}'
  exits 6 keyturn apply "$FILE" --dry-run
  has '2 keys are in the vault and not in the file' "$output"
  exits 6 keyturn apply "$FILE" --prune --yes
  has '- sandbox/ci' "$output"
  has '= live/reporting' "$output"
  has 'version 1 is current' "$output"
  [ "$(keyturn list --names)" = $'live/reporting\nlive/third' ]
}

@test "an inventory that is wrong is refused with its line, and nothing is changed" {
  begin
  refused() { # refused LINE PART, the file on standard input
    cat >"$FILE"
    run keyturn apply "$FILE" --yes
    [ "$status" = 1 ]
    has "$FILE:$1:" "$output"
    has "$2" "$output"
  }
  refused 4 'evry: there is no such field' <<<$'inventory: 1\nkeys:\n  live/a:\n    evry: 30d\n    provider: amps'
  refused 5 'stands twice, first in line 3' <<<$'inventory: 1\nkeys:\n  live/a:\n    provider: amps\n  live/a:\n    provider: amps'
  refused 4 'every' <<<$'inventory: 1\nkeys:\n  live/a:\n    every: often\n    provider: amps'
  refused 4 'belongs to a version' <<<$'inventory: 1\nkeys:\n  live/a:\n    expires: 2027-03-01'
  refused 1 'format' <<<$'inventory: 2\nkeys: {}'
  refused 3 'anchors' <<<$'inventory: 1\nkeys:\n  live/a: &x {provider: amps}'
  refused 2 'expected a mapping' <<<$'inventory: 1\nkeys: [a]'
  refused 3 'another follows' <<<$'inventory: 1\nkeys: {}\n--- {}'
  printf 'inventory: 1\nkeys:\n  live/reporting: {provider: anthropic}\n' >"$FILE"
  exits 1 keyturn apply "$FILE" --yes
  has 'cannot change its provider' "$output"
  printf 'inventory: 1\nkeys:\n  live/x: {provider: none-such}\n' >"$FILE"
  exits 3 keyturn apply "$FILE" --yes
  [ "$(keyturn list --names)" = $'live/reporting\nsandbox/ci' ]
}

@test "S10: killed at any moment, apply does the rest when it is run again" {
  world_start
  FILE=$WORLD/inventory.yaml
  for number in {1..20}; do
    printf '  sandbox/k%s:\n    provider: amps\n    every: 30d\n    not_with: sandbox/k%s\n    deliveries:\n' \
      "$number" $((number % 2 ? number + 1 : number - 1))
    printf '      - {kind: file, class: test, path: %s/places/%s}\n' "$WORLD" "$number"
  done >"$WORLD/keys"
  { printf 'inventory: 1\nkeys:\n' && cat "$WORLD/keys"; } >"$FILE"
  for delay in 0.01 0.02 0.03 0.05 0.08; do
    timeout -s KILL "$delay" "$KEYTURN" apply "$FILE" --yes >/dev/null 2>&1 3>&- || true
  done
  exits 6 keyturn apply "$FILE" --yes || exits 0 keyturn apply "$FILE" --yes
  exits 0 keyturn apply "$FILE" --dry-run
  [ "$(keyturn list --names | wc -l)" = 20 ]
  key_is sandbox/k20 .not_with sandbox/k19
  key_is sandbox/k7 '.deliveries | length' 1
}
