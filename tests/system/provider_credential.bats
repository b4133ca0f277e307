#!/usr/bin/env bats
# The credential that an action needs is a key of the vault like any other: it is rotated while the keys
# that it makes and revokes are, and in an emergency it dies after them.

load helpers
load provider_world

# live/linode-admin is a token that the API made itself, of the same account: the first one makes it.
setup() {
  providers_begin
  sed -e 's/^name: linode$/name: linode-admin/' -e 's/credential: live\/linode-admin/credential: live\/linode-first/' \
    "$WORLD/providers/linode.yaml" >"$WORLD/providers/linode-admin.yaml"
  agent_stop
  agent_start
  vault_unlock >/dev/null
  sim GET '/admin?provider=linode' | keyturn add live/linode-first --provider admin --stdin --probe-every 0s >/dev/null
  sim POST '/deputies?provider=linode'
}
teardown() { world_end; }

key_made() { # key_made KEY PROVIDER [OPTION]...
  keyturn add "$1" --provider "$2" --no-secret --grace 0s "${@:3}" >/dev/null
  wait_for 20 key_is "$1" .current.version 1
}

killed() { # the names of keys that died, in their order
  sim GET /journal | jq -r '[.[] | select(.effect == "killed") | .key_name] | join(" ")'
}

@test "S1: a credential is rotated while keys that use it are: the new one is used, and the old one dies" {
  key_made live/linode-admin linode-admin
  key_made live/robot linode
  keyturn rotate live/linode-admin --no-wait
  keyturn rotate live/robot --no-wait
  for key in live/linode-admin live/robot; do
    wait_for 30 version_is "$key" 2 current
    wait_for 30 version_is "$key" 1 dead
  done
  # What comes after is asked with the new one.
  keyturn rotate live/robot --wait
  version_is live/robot 2 dead
  [ "$(held linode)" = '[2,2]' ]
}

@test "K12: a revocation whose credential the API refuses goes on by itself when that has a successor" {
  key_made live/linode-admin linode-admin
  key_made live/robot linode
  sim POST '/kill?provider=linode&name=linode-admin-1'
  keyturn revoke live/robot --yes --no-wait
  refused() { [ "$(keyturn revocations --json | jq -r '.revocations[] | select(.key == "live/robot") | .state')" = attention ]; }
  wait_for 20 refused
  keyturn rotate live/linode-admin --no-wait
  wait_for 40 version_is live/robot 1 dead
}

@test "S4: an emergency over both: the keys die first, and the credential that kills them last" {
  key_made live/linode-admin linode-admin --label fleet=one
  key_made live/robot linode --label fleet=one
  key_made live/robot2 linode --label fleet=one
  keyturn revoke --label fleet=one --yes --timeout 5m
  [ "$(held linode)" = '[0,0]' ]
  [ "$(killed | tr ' ' '\n' | sort | tr '\n' ' ')" = 'linode-admin-1 robot-1 robot2-1 ' ]
  [ "$(killed | tr ' ' '\n' | tail -n 1)" = linode-admin-1 ]
}

@test "S1 S4: an emergency that replaces both: new keys are made, old ones die, their credential last" {
  key_made live/linode-admin linode-admin --label fleet=one
  key_made live/robot linode --label fleet=one
  keyturn revoke --label fleet=one --replace --yes --timeout 5m
  version_is live/robot 2 current
  version_is live/linode-admin 2 current
  [ "$(held linode)" = '[2,2]' ]
  [ "$(killed | tr ' ' '\n' | tail -n 1)" = linode-admin-1 ]
  keyturn rotate live/robot --wait
}
