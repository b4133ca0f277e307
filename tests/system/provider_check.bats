#!/usr/bin/env bats
# keyturn provider check: what is wrong with a definition, and what it can do. No agent runs.

load helpers

setup() {
  world_begin
  GOOD=$REPOSITORY/tests/unit/provider/good.yaml
}
teardown() { world_end; }

check() { # check [OPTION]...: of $WORLD/it.yaml; OUTPUT and STATUS
  STATUS=0
  OUTPUT=$(keyturn provider check "$WORLD/it.yaml" "$@" 2>&1) || STATUS=$?
}

definition() { # definition SED-EXPRESSION...: good.yaml with changes
  sed -E "$@" "$GOOD" >"$WORLD/it.yaml"
}

@test "every shipped definition is good" {
  for file in "$REPOSITORY"/packaging/providers/*.yaml; do
    cp "$file" "$WORLD/it.yaml"
    check
    [ "$STATUS" = 0 ] || { echo "$OUTPUT"; return 1; }
    has 'Good: no mistakes' "$OUTPUT"
  done
}

@test "every mistake is said with its file, line and field, and the exit status is 1" {
  definition -e 's/class: test/class: red/' -e 's/settle: 4/settle: 0/' -e 's/status: 401, verdict: dead/status: 42, verdict: dead/' \
    -e 's/verdict: alive/verdict: done/' -e 's/method: POST/method: FETCH/'
  check
  [ "$STATUS" = 1 ]
  has "$WORLD/it.yaml:5: environments[2].class: is \"red\"; expected live or test" "$OUTPUT"
  has "$WORLD/it.yaml:6: limits.settle: is 0" "$OUTPUT"
  has "$WORLD/it.yaml:11: actions.issue.requests[1].method: is \"FETCH\"" "$OUTPUT"
  has "$WORLD/it.yaml:25: actions.probe.requests[1].rules[1].verdict: \"done\" is no verdict of this action" "$OUTPUT"
  has "$WORLD/it.yaml:26: actions.probe.requests[1].rules[2].status: is 42; expected 100 to 599" "$OUTPUT"
  has '5 mistakes' "$OUTPUT"
  check --json
  [ "$STATUS" = 1 ]
  [ "$(jq -c '[.good, (.mistakes | length), .mistakes[0].line, .provider]' <<<"$OUTPUT")" = '[false,5,5,null]' ]
}

@test "a field that is not known, and what is no YAML, is said with its line" {
  definition -e 's/^limits: \{parallel/limits: {paralel/'
  check
  [ "$STATUS" = 1 ]
  has "$WORLD/it.yaml:6: limits" "$OUTPUT"
  has 'paralel' "$OUTPUT"
  printf 'name: [\n' >"$WORLD/it.yaml"
  check
  [ "$STATUS" = 1 ]
  has '1 mistake:' "$OUTPUT"
}

@test "a placeholder that never has a value is a mistake: its request would never be sent" {
  definition -e 's/\{\{label\|json\}\}/{{project|json}}/' -e 's/X-Key, value: "\{\{secret\}\}"/X-Key, value: "{{credential}}"/'
  check
  [ "$STATUS" = 1 ]
  has "$WORLD/it.yaml:13: actions.issue.requests[1].body: {{project}} never has a value" "$OUTPUT"
  has 'actions.probe.requests[1].headers[1].value: {{credential}} never has a value' "$OUTPUT"
  has 'say which key with credential' "$OUTPUT"
  definition -e 's/\{\{label\|json\}\}/{{project|json}}/' -e 's/^limits/settings:\n  - {name: project}\nlimits/'
  check
  [ "$STATUS" = 0 ]
  has 'project is needed' "$OUTPUT"
}

@test "settings that stand beside the definition are read with it" {
  definition -e 's/\{\{label\|json\}\}/{{project|json}}/' -e 's/^limits/settings:\n  - {name: project}\nlimits/'
  printf 'settings:\n  - {name: project, value: proj_abc}\n' >"$WORLD/good.settings"
  check
  [ "$STATUS" = 0 ]
  has 'project = proj_abc' "$OUTPUT"
  printf 'settings:\n  - {name: colour, value: red}\n' >"$WORLD/good.settings"
  check
  [ "$STATUS" = 1 ]
  has "$WORLD/good.settings:2: settings[1].name: good has no setting \"colour\"" "$OUTPUT"
}

@test "what is worth a second look is a warning, and no mistake (S2, S3)" {
  cp "$GOOD" "$WORLD/it.yaml"
  check
  [ "$STATUS" = 0 ]
  has 'warning: actions: there is neither find nor list' "$OUTPUT"
  has "$WORLD/it.yaml:26: warning: actions.probe.requests[1].rules[2]: a status alone is the proof" "$OUTPUT"
  has "$WORLD/it.yaml:5: warning: environments[2].base_url: keys travel in clear" "$OUTPUT"
  has 'actions.issue: no rule says credential_refused' "$OUTPUT"
  has 'Good: no mistakes, 5 warnings' "$OUTPUT"
  definition -e '/status: 401, verdict: dead/d' -e 's/\^lv_\[a-z\]\+\$/^.*$/' -e '/manual: \{instr/d' \
    -e 's|^  revoke:|  revoke: {requests: [{method: DELETE, url: "{{base_url}}/keys/{{id\|urlencode}}", rules: [{status: 204, verdict: done}]}]}|'
  check
  [ "$STATUS" = 0 ]
  has 'no rule proves a key dead' "$OUTPUT"
  has 'no rule says gone' "$OUTPUT"
  has 'any text has this shape' "$OUTPUT"
}

@test "what a definition can do is said, and no agent is started for it" {
  cp "$GOOD" "$WORLD/it.yaml"
  check --json
  [ "$STATUS" = 0 ]
  [ "$(jq -c '[.good, .provider.name, (.provider.environments | length), .provider.limits.settle_interval_s,
    [.provider.actions[] | [.action, .kind, .credential]]]' <<<"$OUTPUT")" = \
    '[true,"good",2,0.25,[["issue","http","live/admin"],["probe","http",null],["revoke","manual",null]]]' ]
  [ ! -e "$KEYTURN_SOCKET" ]
}

@test "a file that is not there, or that others may write, is refused" {
  run keyturn provider check "$WORLD/none.yaml"
  [ "$status" = 3 ]
  cp "$GOOD" "$WORLD/it.yaml"
  chmod 0666 "$WORLD/it.yaml"
  check
  [ "$STATUS" = 1 ]
  has 'it.yaml' "$OUTPUT"
  run keyturn provider check
  [ "$status" = 2 ]
  run keyturn provider paint "$WORLD/it.yaml"
  [ "$status" = 2 ]
}
