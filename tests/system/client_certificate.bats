#!/usr/bin/env bats
# A client certificate as what an action shows: it is a secret of the vault, in no file.

load helpers

# certificate NAME: NAME.pem with certificate and key, signed by ca.pem.
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -addext "subjectAltName=IP:127.0.0.1" \
    -keyout "$WORLD/$1.key" -out "$WORLD/$1.csr" 2>/dev/null
  openssl x509 -req -in "$WORLD/$1.csr" -CA "$WORLD/ca.crt" -CAkey "$WORLD/ca.key" -CAcreateserial -days 2 \
    -copy_extensions copy -out "$WORLD/$1.crt" 2>/dev/null
  cat "$WORLD/$1.crt" "$WORLD/$1.key" >"$WORLD/$1.pem"
}

setup() {
  world_begin
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca \
    -keyout "$WORLD/ca.key" -out "$WORLD/ca.crt" 2>/dev/null
  for name in server robot other; do certificate "$name"; done
  python3 "$REPOSITORY/tests/system/client_certificate.py" "$WORLD/port" "$WORLD/ca.crt" "$WORLD/server.pem" 3>&- &
  SIM_PID=$!
  wait_for 10 test -s "$WORLD/port"
  cat >"$WORLD/providers/tls.yaml" <<YAML
name: tls
environments:
  - {name: live, class: live, base_url: "https://127.0.0.1:$(<"$WORLD/port")", key_pattern: '^-----BEGIN CERTIFICATE-----.*$'}
actions:
  issue: {manual: {instructions: "Have a certificate signed for {{label}}"}}
  revoke: {manual: {instructions: "Revoke the certificate of {{label}}"}}
  probe:
    requests:
      - method: GET
        url: "{{base_url}}/me"
        client_certificate: "{{secret}}"
        rules:
          - {status: 200, content_type: application/json, pointer: /name, equals: robot, verdict: alive, because: "it is robot"}
          - {status: 200, content_type: application/json, pointer: /name, equals: other, verdict: unfit, because: "it is other"}
YAML
  agent_start --ca-file "$WORLD/ca.crt"
  vault_make >/dev/null
}
teardown() { world_end; }

@test "S6: the certificate and its key come from the vault; each key has a connection of its own" {
  run keyturn provider check "$WORLD/providers/tls.yaml"
  [ "$status" = 0 ]
  run keyturn add live/robot --provider tls --stdin <"$WORLD/robot.pem"
  has 'proved alive' "$output"
  run keyturn add live/other --provider tls --stdin <"$WORLD/other.pem"
  has 'proved unfit' "$output"
  run keyturn probe live/robot
  has 'proved alive' "$output"
  rm "$WORLD"/robot.* "$WORLD"/other.*
  lacks 'PRIVATE KEY' "$(cat "$AGENT_LOG" "$AUDIT")"
  [ -z "$(grep -rl 'PRIVATE KEY' "$WORLD/home" "$WORLD/run" "$WORLD/store" "$WORLD/places")" ]
}

@test "S2: without a certificate that the API takes, nothing is proved" {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=stranger \
    -keyout "$WORLD/stranger.key" -out "$WORLD/stranger.crt" 2>/dev/null
  cat "$WORLD/stranger.crt" "$WORLD/stranger.key" | keyturn add live/stranger --provider tls --stdin || true
  printf -- '-----BEGIN CERTIFICATE-----no' | keyturn add live/broken --provider tls --stdin || true
  for key in live/stranger live/broken; do
    key_is "$key" '.proof.verdict // "unknown"' unknown
  done
}
