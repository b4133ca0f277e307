#!/usr/bin/env bats
# The configuration: what the agent takes is what the schema describes.

load helpers

setup() { world_begin; }
teardown() { world_end; }

@test "the agent and schema/config.schema.json take and refuse the same configurations" {
  python3 "$REPOSITORY/tests/system/check_config.py" "$KEYTURND" "$WORLD"
}

@test "schema/provider.schema.json takes every shipped definition and refuses every mistake" {
  python3 "$REPOSITORY/tests/unit/provider/check_schema.py"
}

@test "S6: a configuration that others may write to is refused" {
  printf 'log: info\n' >"$WORLD/config.yaml"
  chmod 0644 "$WORLD/config.yaml"
  "$KEYTURND" --config "$WORLD/config.yaml" --check-config
  chmod 0646 "$WORLD/config.yaml"
  run "$KEYTURND" --config "$WORLD/config.yaml" --check-config
  [ "$status" = 2 ]
  has "$WORLD/config.yaml" "$output"
}

refused_at() { # refused_at FILE OPTION...: with the file and the line
  run "$KEYTURND" "${@:2}" --check-config
  [ "$status" != 0 ]
  [[ $output =~ "$1":[0-9]+:\  ]]
}

@test "a configuration or a definition that was half written is refused with its file and line, wherever it was cut" {
  local part size
  for part in 'log: in' 'store: "/var/lib' 'environments:' 'environments:\n  - {name: staging, cl' 'notify:\n  - {name: a, program: ['; do
    printf "$part" >"$WORLD/config.yaml"
    chmod 0600 "$WORLD/config.yaml"
    refused_at "$WORLD/config.yaml" --config "$WORLD/config.yaml"
  done
  mkdir "$WORLD/cut"
  for file in providers/amps providers/vault deliveries/vault-kv; do
    size=$(stat -c %s "$REPOSITORY/packaging/$file.yaml")
    for part in 3 10 25 40 55 70; do
      head -c $((size * part / 100)) "$REPOSITORY/packaging/$file.yaml" >"$WORLD/cut/half.yaml"
      refused_at "$WORLD/cut/half.yaml" "--${file%/*}" "$WORLD/cut"
    done
  done
}

refused_cut() { # refused_cut FILE LINE FIELD OPTION...: as one whose last line has no end
  run "$KEYTURND" "${@:4}" --check-config
  [ "$status" != 0 ]
  has "$1:$2: $3: the file ends in the middle of a line" "$output"
}

@test "a file that was cut in a line, and means something all the same, is refused with its last line and field" {
  local text line
  printf 'log: info\nremind: 1d' >"$WORLD/config.yaml" # it said 10d
  chmod 0600 "$WORLD/config.yaml"
  refused_cut "$WORLD/config.yaml" 2 remind --config "$WORLD/config.yaml"
  echo >>"$WORLD/config.yaml"
  "$KEYTURND" --config "$WORLD/config.yaml" --check-config

  mkdir "$WORLD/cut"
  text=$(grep -v '^ *#' "$REPOSITORY/packaging/providers/amps.yaml")
  printf '%s' "$text" >"$WORLD/cut/amps.yaml"
  line=$(($(wc -l <"$WORLD/cut/amps.yaml") + 1))
  refused_cut "$WORLD/cut/amps.yaml" "$line" name --providers "$WORLD/cut"
  run keyturn provider check "$WORLD/cut/amps.yaml"
  [ "$status" = 1 ]
  has 'ends in the middle of a line' "$output"
  echo >>"$WORLD/cut/amps.yaml"
  "$KEYTURND" --providers "$WORLD/cut" --check-config
}

@test "a file that may not be read, or is none, is named" {
  mkdir "$WORLD/folder.d"
  run "$KEYTURND" --config "$WORLD/folder.d" --check-config
  [ "$status" = 2 ]
  has "$WORLD/folder.d: is not a regular file" "$output"
  [ "$(id -u)" = 0 ] || skip 'needs root to become another user'
  echo 'log: info' >"$WORLD/config.yaml"
  cp "$REPOSITORY/packaging/providers/amps.yaml" "$WORLD/providers/"
  chmod 0600 "$WORLD/config.yaml" "$WORLD/providers/amps.yaml"
  # Installed: nobody else may be able to read where this tree lies.
  mkdir -p "$WORLD/bin" "$WORLD/share/keyturn"
  cp "$KEYTURND" "$WORLD/bin/keyturnd"
  cp -r "$REPOSITORY/packaging/providers" "$REPOSITORY/packaging/deliveries" "$WORLD/share/keyturn"
  chmod -R a+rX,go-w "$WORLD/bin" "$WORLD/share"
  chmod 0755 "$WORLD" "$WORLD/providers" "$HOME"
  as_nobody() { run setpriv --reuid 65534 --regid 65534 --clear-groups "$WORLD/bin/keyturnd" "$@" --check-config; }
  as_nobody --config "$WORLD/config.yaml"
  [ "$status" = 2 ]
  has "$WORLD/config.yaml: cannot be opened: Permission denied" "$output"
  as_nobody --providers "$WORLD/providers"
  [ "$status" = 1 ]
  has "$WORLD/providers/amps.yaml: cannot be opened: Permission denied" "$output"
}

@test "S6: a key file that others may read opens nothing" {
  openssl rand -hex 32 >"$WORLD/vault.key"
  chmod 0600 "$WORLD/vault.key"
  agent_start
  keyturn init --key-file "$WORLD/vault.key" >/dev/null
  agent_stop
  chmod 0644 "$WORLD/vault.key"
  agent_start --key-file "$WORLD/vault.key"
  has "$WORLD/vault.key holds a secret and others may read it" "$(cat "$AGENT_LOG")"
  run keyturn unlock --key-file "$WORLD/vault.key"
  [ "$status" != 0 ]
  has 'others may read it' "$output"
  api GET /v1/keys
  [ "$API_STATUS" = 423 ]
}

@test "a configuration that was named must be there; the usual one need not" {
  run "$KEYTURND" --config "$WORLD/none.yaml" --check-config
  [ "$status" = 2 ]
  has "$WORLD/none.yaml" "$output"
  "$KEYTURND" --check-config
}

@test "the command line wins over the configuration" {
  printf 'store: %s/other.db\nsocket: %s/other.sock\n' "$WORLD" "$WORLD" >"$WORLD/config.yaml"
  "$KEYTURND" --config "$WORLD/config.yaml" --store "$STORE" --socket "$KEYTURN_SOCKET" >>"$AGENT_LOG" 2>&1 3>&- &
  AGENT_PID=$!
  wait_for 20 agent_answers
  api GET /v1/health
  has "\"$STORE\"" "$ANSWER"
  [ ! -e "$WORLD/other.sock" ]
}
