#!/bin/bash
# Tests the Amps simulator: each route, each error code, each fault, the
# journal's order, and how the process starts and ends.
#
#     test_amps_sim.sh PATH/TO/amps-sim
set -u
sim=${1:?usage: test_amps_sim.sh PATH/TO/amps-sim}
folder=$(mktemp -d "${TMPDIR:-/tmp}/amps-sim.XXXXXX") || exit 1
passed=0
failed=0
sim_pid=

# --- helpers -----------------------------------------------------------------

check() { # what expected actual
    if [[ $2 == "$3" ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    fi
}

check_has() { # what part whole
    if [[ $3 == *"$2"* ]]; then check "$1" yes yes; else check "$1" "*$2*" "$3"; fi
}

check_lacks() { # what part whole
    if [[ $3 == *"$2"* ]]; then check "$1" "none of $2" "$3"; else check "$1" yes yes; fi
}

stop() {
    [[ -n $sim_pid ]] && kill "$sim_pid" 2>/dev/null && wait "$sim_pid" 2>/dev/null
    sim_pid=
}

clean_up() {
    stop
    rm -rf "$folder"
}
trap clean_up EXIT

start() { # option...: starts the simulator and waits until it is ready
    stop
    rm -f "$folder/ready"
    "$sim" --ready-file "$folder/ready" "$@" >"$folder/out" 2>"$folder/err" &
    sim_pid=$!
    for _ in {1..3000}; do
        [[ -e $folder/ready ]] && break
        sleep 0.02
    done
    local line
    line=$(<"$folder/ready") || exit 1
    api=http://127.0.0.1:$(sed -E 's/.*"api_port":([0-9]+).*/\1/' <<<"$line")
    dash=http://127.0.0.1:$(sed -E 's/.*"dashboard_port":([0-9]+).*/\1/' <<<"$line")
}

member() { # name: the first text or number of that name in the JSON of stdin
    grep -oE "\"$1\":(\"[^\"]*\"|[0-9a-z-]+)" | head -n1 | sed -E 's/^"[^"]*"://; s/^"//; s/"$//'
}

say() { curl -s -m 120 "$@"; }                                # body
status() { curl -s -m 120 -o /dev/null -w '%{http_code}' "$@"; } # HTTP status
outcome() { curl -s -o "$folder/body" -m "${patience:-120}" "$@" 2>/dev/null; echo $?; } # curl's exit status
post() { local url=$1; shift; say "$url" -H 'Content-Type: application/json' -d "$@"; }

make() { # name environment: sets id and key
    local answer
    answer=$(post "$dash/keys" "{\"name\":\"$1\",\"environment\":\"$2\"}")
    id=$(member id <<<"$answer")
    key=$(member key <<<"$answer")
}

ask() { status -H "x-api-key: $key" "$api/battery?limit=1"; }
answers_at_last() { # STATUS: what is answered when it is that, or after a minute
    local answer
    for _ in {1..600}; do
        answer=$(ask)
        [[ $answer == "$1" ]] && break
        sleep 0.1
    done
    echo "$answer"
}
code() { say -H "x-api-key: $key" "$api/battery?limit=1" | member code; }
arm() { post "$dash/faults" "$1" >/dev/null; }
last() { say "$dash/journal" | grep -oE '\{[^{}]*\}' | tail -n1; }
settings() { post "$dash/settings" "$1" >/dev/null; }

# --- the API -----------------------------------------------------------------

test_battery_answers_in_both_envelopes() {
    make "Production App" live
    local body
    body=$(say -H "x-api-key: $key" "$api/battery?limit=2&offset=1")
    check_has "envelope: success" '{"success":true,"data":{"items":[{"id":2,' "$body"
    check_has "envelope: page" '"pagination":{"total":120,"limit":2,"offset":1,"hasMore":true}' "$body"
    check_has "envelope: environment" '"environment":"live"' "$body"
    check_has "envelope: request id" '"requestId":"req_' "$body"
    check_has "vehicle" '"total":60' "$(say -H "x-api-key: $key" "$api/vehicle")"
    settings '{"variant":"bare"}'
    body=$(say -H "x-api-key: $key" "$api/battery?limit=1&offset=119")
    check_has "bare: items first" '{"items":[{"id":120,' "$body"
    check_has "bare: last page" '"hasMore":false' "$body"
    check_lacks "bare: no meta" '"meta"' "$body"
    settings '{"variant":"envelope"}'
}

test_key_is_taken_from_either_header() {
    make either sandbox
    check "x-api-key" 200 "$(ask)"
    check "Bearer" 200 "$(status -H "Authorization: Bearer $key" "$api/battery")"
    check "bearer in small letters" 200 "$(status -H "Authorization: bearer $key" "$api/battery")"
    check "sandbox says so" sandbox "$(say -H "x-api-key: $key" "$api/battery?limit=1" | member environment)"
    check "another scheme is no key" UNAUTHORIZED "$(say -H "Authorization: Basic $key" "$api/battery" | member code)"
}

test_page_limits_hold_on_both_sides() {
    make pages sandbox
    local try
    for try in limit=1:200 limit=50:200 limit=0:400 limit=51:400 limit=x:400 limit=:400 offset=0:200 offset=-1:400; do
        check "${try%:*}" "${try#*:}" "$(status -H "x-api-key: $key" "$api/battery?${try%:*}")"
    done
    check "the code" VALIDATION_ERROR "$(say -H "x-api-key: $key" "$api/battery?limit=51" | member code)"
}

test_every_error_code() {
    make errors live
    check "no key" UNAUTHORIZED "$(say "$api/battery" | member code)"
    check "no key, status" 401 "$(status "$api/battery")"
    check "unknown key" INVALID_API_KEY "$(say -H 'x-api-key: sk_live_nobody' "$api/battery" | member code)"
    check_has "its path" '"path":"/battery"' "$(say -H 'x-api-key: nobody' "$api/battery")"
    post "$dash/keys/$id/set" '{"permissions":false}' >/dev/null
    check "no permission" INSUFFICIENT_PERMISSIONS "$(code)"
    check "no permission, status" 403 "$(ask)"
    post "$dash/keys/$id/set" '{"permissions":true,"live_access":false}' >/dev/null
    check "no live access" LIVE_ACCESS_DISABLED "$(code)"
    check "no live access, status" 403 "$(ask)"
    post "$dash/keys/$id/set" '{"live_access":true,"expired":true}' >/dev/null
    check "expired" EXPIRED_TOKEN "$(code)"
    check "expired, status" 401 "$(ask)"
    post "$dash/keys/$id/set" '{"expired":false}' >/dev/null
    check "well again" 200 "$(ask)"
    check "no such path" NOT_FOUND "$(say -H "x-api-key: $key" "$api/nothing" | member code)"
    check "wrong method" METHOD_NOT_ALLOWED "$(say -X POST -H "x-api-key: $key" "$api/battery" | member code)"
    check "key API is off" 404 "$(status -H "x-api-key: $key" "$api/keys")"
    make "errors sandbox" sandbox
    post "$dash/keys/$id/set" '{"live_access":false}' >/dev/null
    check "live access is nothing to a sandbox key" 200 "$(ask)"
}

test_rate_limit_as_429_and_as_401() {
    make rate sandbox
    settings '{"rate_limit":1}'
    # So many over one connection are not spread over as many seconds.
    local many="$api/battery?limit=[1-40]"
    check_has "over the limit" 429 "$(status -H "x-api-key: $key" "$many")"
    settings '{"rate_status":"401"}'
    check_has "over the limit, as 401" 401 "$(status -H "x-api-key: $key" "$many")"
    check_has "says when" "Retry-After: 1" "$(say -i -H "x-api-key: $key" "$many")"
    settings '{"rate_limit":0,"rate_status":"429"}'
    check "no limit" 200 "$(ask)"
}

test_prefixes_of_each_style() {
    local style environment want
    for want in test:sandbox:sk_test_ test:live:sk_live_ sandbox:sandbox:sk_sandbox_ sandbox:live:sk_live_ \
        amps_sk:sandbox:amps_sk_test_ amps_sk:live:amps_sk_live_; do
        IFS=: read -r style environment want <<<"$want"
        settings "{\"prefix_style\":\"$style\"}"
        make "prefix $style" "$environment"
        check "prefix $style $environment" "$want" "${key%????????????????????????}"
    done
    settings '{"prefix_style":"test"}'
    check "a shorter one" 12 "$(post "$dash/keys" '{"name":"s","environment":"live","random_length":12}' | member key | sed 's/sk_live_//' | tr -d '\n' | wc -c)"
    check "too short" 400 "$(status "$dash/keys" -d '{"name":"s","environment":"live","random_length":7}')"
    check "too long" 400 "$(status "$dash/keys" -d '{"name":"s","environment":"live","random_length":65}')"
}

# --- the dashboard -----------------------------------------------------------

test_revoking_in_the_dashboard() {
    make "Old App" live
    check "before" 200 "$(ask)"
    check "revoke" 200 "$(status -X POST "$dash/keys/$id/revoke")"
    check "after" INVALID_API_KEY "$(code)"
    check "revoke again" 409 "$(status -X POST "$dash/keys/$id/revoke")"
    check "revoke a stranger" 404 "$(status -X POST "$dash/keys/key_none/revoke")"
    make "By Name" live
    check "by name" 200 "$(status "$dash/keys/revoke" -d '{"name":"By Name"}')"
    check "by name, dead" 401 "$(ask)"
    check "by name, gone" 404 "$(status "$dash/keys/revoke" -d '{"name":"By Name"}')"
    make Twice live
    make Twice live
    check "by name, two of them" 409 "$(status "$dash/keys/revoke" -d '{"name":"Twice"}')"
    make Twice sandbox
    check "by name and environment" 200 "$(status "$dash/keys/revoke" -d '{"name":"Twice","environment":"sandbox"}')"
    make "By Value" live
    check "by value" 200 "$(status "$dash/keys/revoke" -d "{\"key\":\"$key\"}")"
    check "by value, dead" 401 "$(ask)"
}

test_listing_and_renaming() {
    make "Before" live
    ask >/dev/null
    check "rename" 200 "$(status "$dash/keys/$id/rename" -d '{"name":"After Ünïcode"}')"
    check "empty name" 400 "$(status "$dash/keys/$id/rename" -d '{"name":""}')"
    local listed
    listed=$(say -G "$dash/keys" --data-urlencode 'name=After Ünïcode')
    check_has "found by its new name" "\"id\":\"$id\"" "$listed"
    check_has "masked" "sk_live_…${key: -4}" "$listed"
    check_lacks "never in clear" "$key" "$(say "$dash/keys")"
    check_lacks "last used is set" '"last_used":null' "$listed"
    check "name of 100 bytes" 201 "$(status "$dash/keys" -d "{\"name\":\"$(printf 'n%.0s' {1..100})\",\"environment\":\"live\"}")"
    check "name of 101 bytes" 400 "$(status "$dash/keys" -d "{\"name\":\"$(printf 'n%.0s' {1..101})\",\"environment\":\"live\"}")"
    check "unknown environment" 400 "$(status "$dash/keys" -d '{"name":"n","environment":"staging"}')"
    check "no JSON" 400 "$(status "$dash/keys" -d '{')"
    check "a body of 64 KiB and more" 413 "$(head -c 65537 /dev/zero | status --data-binary @- "$dash/keys")"
}

test_page_for_a_person() {
    local page
    page=$(say "$dash/page/make" --data-urlencode 'name=<b>&"Bold"' -d environment=sandbox)
    key=$(grep -oE 'sk_test_[A-Za-z0-9]{24}' <<<"$page" | head -n1)
    check "made by the form" 200 "$(ask)"
    check_has "escaped" '&lt;b&gt;&amp;&quot;Bold&quot;' "$(say "$dash/")"
    check_lacks "shown once" "$key" "$(say "$dash/")"
    id=$(say -G "$dash/keys" --data-urlencode 'name=<b>&"Bold"' | member id)
    check "revoked by the form" 303 "$(status "$dash/page/revoke" -d "id=$id")"
    check "dead" 401 "$(ask)"
    check "form without a name" 400 "$(status "$dash/page/make" -d environment=live)"
    check "unknown path" 404 "$(status "$dash/nothing")"
    check "wrong method" 405 "$(status -X DELETE "$dash/keys")"
}

test_lag_of_birth_and_death() {
    settings '{"birth_lag_ms":3600000,"death_lag_ms":0}'
    make "Born Much Later" live
    check "not born" INVALID_API_KEY "$(code)"
    settings '{"birth_lag_ms":300}'
    make "Born Late" live
    check "born" 200 "$(answers_at_last 200)"
    settings '{"birth_lag_ms":0,"death_lag_ms":3600000}'
    say -X POST "$dash/keys/$id/revoke" >/dev/null
    check "still alive" 200 "$(ask)"
    settings '{"death_lag_ms":300}'
    make "Dead Late" live
    say -X POST "$dash/keys/$id/revoke" >/dev/null
    check "dead" 401 "$(answers_at_last 401)"
    settings '{"death_lag_ms":0}'
}

test_settings() {
    check "unknown setting" 400 "$(status "$dash/settings" -d '{"nonsense":1}')"
    check "out of range" 400 "$(status "$dash/settings" -d '{"birth_lag_ms":3600001}')"
    check "no such variant" 400 "$(status "$dash/settings" -d '{"variant":"new"}')"
    settings '{"death_lag_ms":5,"variant":"new"}'
    check "all or nothing" 0 "$(say "$dash/settings" | member death_lag_ms)"
}

# --- faults ------------------------------------------------------------------

test_faults_that_give_another_answer() {
    make faulty live
    local kind want
    while read -r kind want; do
        arm "{\"kind\":\"$kind\"}"
        check "$kind" "$want" "$(say -o "$folder/body" -w '%{http_code} %{content_type}' -H "x-api-key: $key" "$api/battery") $(member code <"$folder/body")"
    done <<'ROWS'
status_500 500 application/json INTERNAL_ERROR
rate_429 429 application/json RATE_LIMIT_EXCEEDED
rate_401 401 application/json RATE_LIMIT_EXCEEDED
unauthorized 401 application/json UNAUTHORIZED
invalid_key 401 application/json INVALID_API_KEY
ROWS
    while read -r kind want; do
        arm "{\"kind\":\"$kind\"}"
        check "$kind" "$want" "$(status -H "x-api-key: $key" "$api/battery")"
    done <<'ROWS'
status_502_html 502
waf_403 403
html_200 200
empty_200 200
garbage_json 200
redirect 302
ROWS
    arm '{"kind":"html_200"}'
    check_has "html_200 is a page" "<!DOCTYPE html>" "$(say -H "x-api-key: $key" "$api/battery")"
    arm '{"kind":"empty_200"}'
    check "empty_200 is empty" "" "$(say -H "x-api-key: $key" "$api/battery")"
    arm '{"kind":"redirect"}'
    check_has "redirect says where" "Location: /login" "$(say -i -H "x-api-key: $key" "$api/battery")"
    arm '{"kind":"rate_429","retry_after_s":7}'
    check_has "rate_429 says when" "Retry-After: 7" "$(say -i -H "x-api-key: $key" "$api/battery")"
    arm '{"kind":"answer","status":418,"body":"short and stout","content_type":"text/plain"}'
    check "an answer of one's own" "short and stout 418 text/plain" "$(say -w ' %{http_code} %{content_type}' -H "x-api-key: $key" "$api/battery")"
    check "and well again" 200 "$(ask)"
}

test_faults_of_the_connection() {
    make connection live
    local url="$api/battery?limit=1" whole
    whole=$(say -H "x-api-key: $key" "$url" | wc -c)
    arm '{"kind":"reset_before"}'
    check "reset_before (56: reset)" 56 "$(outcome -H "x-api-key: $key" "$url")"
    arm '{"kind":"reset_after"}'
    check "reset_after (56: reset)" 56 "$(outcome -H "x-api-key: $key" "$url")"
    arm '{"kind":"truncated"}'
    check "truncated (18: partial)" 18 "$(outcome -H "x-api-key: $key" "$url")"
    check "truncated, half of it" $((whole / 2)) "$(wc -c <"$folder/body")"
    arm '{"kind":"timeout"}'
    check "timeout (28: time-out)" 28 "$(patience=2 outcome -H "x-api-key: $key" "$url")"
    arm '{"kind":"timeout","delay_ms":200}'
    check "timeout with an end (52: nothing came)" 52 "$(outcome -H "x-api-key: $key" "$url")"
    arm '{"kind":"slow_body","delay_ms":100}'
    check "slow_body (28: time-out)" 28 "$(patience=3 outcome -H "x-api-key: $key" "$url")"
    local came
    came=$(wc -c <"$folder/body")
    check "slow_body, some bytes of it" yes "$( ((came > 2 && came < whole)) && echo yes || echo "$came")"
    arm '{"kind":"slow_body","delay_ms":1}'
    check "slow_body comes to its end" "$whole" "$(say -H "x-api-key: $key" "$url" | wc -c)"
    arm '{"kind":"huge_body"}'
    check "huge_body is 64 MiB" 67108864 "$(say -H "x-api-key: $key" "$url" | wc -c)"
    arm '{"kind":"delay","delay_ms":300}'
    check "delay answers" "200 late" "$(say -o /dev/null -w '%{http_code} %{time_total}' -H "x-api-key: $key" "$url" | awk '{print $1, ($2 >= 0.3 ? "late" : "early")}')"
    check "and well again" 200 "$(ask)"
}

test_faults_match_and_count() {
    make "match one" live
    arm '[{"match":{"method":"GET","path":"/vehicle"},"kind":"status_500"},
          {"match":{"key_name":"match *"},"kind":"status_502_html","skip":1,"times":2}]'
    check "another path" 200 "$(ask)"
    check "after the skipped one" 502 "$(ask)"
    check "its path" 500 "$(status -H "x-api-key: $key" "$api/vehicle")"
    local other=$key
    make "other" live
    check "another key" 200 "$(ask)"
    key=$other
    check "the second time" 502 "$(ask)"
    check "spent" 200 "$(ask)"
    arm '{"kind":"status_500","times":-1}'
    check "every time" "500 500 500" "$(ask) $(ask) $(ask)"
    say -X DELETE "$dash/faults" >/dev/null
    check "cleared" 200 "$(ask)"
    check "unknown kind" 400 "$(status "$dash/faults" -d '{"kind":"nonsense"}')"
    check "no times" 400 "$(status "$dash/faults" -d '{"kind":"timeout","times":0}')"
    check "one bad, none armed" "400 []" "$(status "$dash/faults" -d '[{"kind":"timeout"},{"kind":"x"}]') $(say "$dash/faults")"
}

# --- the journal -------------------------------------------------------------

test_journal_tells_the_order_of_things() {
    make "Journal One" live
    local first=$id first_key=$key since
    since=$(last | member sequence)
    ask >/dev/null
    make "Journal Two" live
    ask >/dev/null
    say -X POST "$dash/keys/$first/revoke" >/dev/null
    key=$first_key
    ask >/dev/null
    arm '{"kind":"reset_before"}'
    outcome -H "x-api-key: $first_key" "$api/battery" >/dev/null
    local entries
    entries=$(say "$dash/journal?since=$since" | grep -oE '\{[^{}]*\}')
    check "numbered in order" "$(seq -s' ' $((since + 1)) $((since + 7)))" "$(grep -oE '"sequence":[0-9]+' <<<"$entries" | cut -d: -f2 | xargs)"
    check "what, which, how" \
        'GET Journal One 200 null|POST Journal Two 201 "made"|GET Journal Two 200 null|POST Journal One 200 "revoked"|GET Journal One 401 null|POST null 201 "faults armed"|GET Journal One null null' \
        "$(sed -E 's/.*"method":"([^"]*)".*"key_name":"?([^,"]*)"?,.*"status":([^,]*),.*"effect":(.*)\}/\1 \2 \3 \4/' <<<"$entries" | paste -sd'|')"
    check_has "the fault" '"fault":"reset_before"' "$(last)"
    status -H 'x-api-key: sk_live_of_nobody_at_all' "$api/battery" >/dev/null
    check_has "unknown secrets by a hash" '"credential":"unknown","hash":"' "$(last)"
    check_lacks "never the secret" sk_live_ "$(say "$dash/journal")"
    cmp -s <(grep -c . "$folder/journal") <(say "$dash/journal" | grep -oE '"sequence"' | grep -c .)
    check "the file has the same lines" 0 $?
    check_lacks "nor in the file" sk_live_ "$(<"$folder/journal")"
}

# --- the key API -------------------------------------------------------------

test_key_api() {
    local admin="x-api-key: admin-of-the-test" answer
    answer=$(post "$api/keys" '{"name":"issued-1","environment":"sandbox"}' -H "$admin")
    id=$(member id <<<"$answer")
    key=$(member key <<<"$answer")
    check "made, and works" 200 "$(ask)"
    check_has "found by its label" "\"id\":\"$id\"" "$(say -H "$admin" "$api/keys?name=issued-1")"
    check_lacks "without its secret" "$key" "$(say -H "$admin" "$api/keys")"
    check_has "nobody by another label" '"items":[]' "$(say -H "$admin" "$api/keys?name=issued-2")"
    check "disable" disabled "$(say -X POST -H "$admin" "$api/keys/$id/disable" | member state)"
    check "disabled" INVALID_API_KEY "$(code)"
    check "enable" active "$(say -X POST -H "$admin" "$api/keys/$id/enable" | member state)"
    check "enabled" 200 "$(ask)"
    check "a key is no admin" INSUFFICIENT_PERMISSIONS "$(say -H "x-api-key: $key" "$api/keys" | member code)"
    check "the admin is no key" INSUFFICIENT_PERMISSIONS "$(say -H "$admin" "$api/battery" | member code)"
    check "no admin key" UNAUTHORIZED "$(say "$api/keys" | member code)"
    check "no environment" 400 "$(status "$api/keys" -H "$admin" -d '{"name":"x"}')"
    post "$api/keys" '{"name":"issued-2","environment":"live"}' -H "$admin" >/dev/null
    check "at the cap" 409 "$(status "$api/keys" -H "$admin" -d '{"name":"issued-3","environment":"live"}')"
    check "delete" 204 "$(status -X DELETE -H "$admin" "$api/keys/$id")"
    check "deleted" 401 "$(ask)"
    check "delete again" 404 "$(status -X DELETE -H "$admin" "$api/keys/$id")"
    check_lacks "not listed" "$id" "$(say -H "$admin" "$api/keys")"
    check_has "journal: who" '"credential":"admin"' "$(last)"
}

test_lost_answers_of_the_key_api() {
    local admin="x-api-key: admin-of-the-test"
    arm '{"match":{"method":"POST","path":"/keys","key_name":"lost-1"},"kind":"reset_after"}'
    check "reset_after" 56 "$(outcome "$api/keys" -H "$admin" -d '{"name":"lost-1","environment":"live"}')"
    check_has "the journal has the effect" '"effect":"made"' "$(last)"
    id=$(say -H "$admin" "$api/keys?name=lost-1" | member id)
    check_has "it was made" key_ "$id"
    arm '{"match":{"method":"DELETE","path":"/keys/*"},"kind":"timeout_after"}'
    check "timeout_after" 28 "$(patience=2 outcome -X DELETE -H "$admin" "$api/keys/$id")"
    check "it was deleted" 404 "$(status -X DELETE -H "$admin" "$api/keys/$id")"
    arm '{"match":{"method":"POST","path":"/keys"},"kind":"reset_before"}'
    check "reset_before" 56 "$(outcome "$api/keys" -H "$admin" -d '{"name":"lost-2","environment":"live"}')"
    check_has "it was not made" '"items":[]' "$(say -H "$admin" "$api/keys?name=lost-2")"
    arm '{"match":{"path":"/keys"},"kind":"status_502_html","effect":true}'
    check "a gateway's 502" 502 "$(status "$api/keys" -H "$admin" -d '{"name":"lost-3","environment":"live"}')"
    check_has "after the effect" key_ "$(say -H "$admin" "$api/keys?name=lost-3" | member id)"
}

# --- the process -------------------------------------------------------------

test_start_and_end() {
    check "ports on standard output" "$(<"$folder/ready")" "$(<"$folder/out")"
    arm '{"kind":"timeout"}'
    say -m 5 -H 'x-api-key: none' "$api/battery" >/dev/null &
    local held=$!
    sleep 0.2
    kill "$sim_pid"
    wait "$sim_pid"
    check "ends on SIGTERM, a held connection too" 0 $?
    wait "$held"
    sim_pid=
    sleep 0.3 | "$sim" --until-stdin-closes >/dev/null
    check "ends with its standard input" 0 "${PIPESTATUS[1]}"
    "$sim" --nonsense 2>/dev/null
    check "unknown option" 2 $?
    "$sim" --variant new 2>/dev/null
    check "wrong value" 2 $?
    "$sim" --api-port 2>/dev/null
    check "missing value" 2 $?
    start
    "$sim" --api-port "${api##*:}" >/dev/null 2>"$folder/err2" </dev/null
    check "port is taken" 1 $?
    check_has "and it says so" "${api##*:}" "$(<"$folder/err2")"
}

start --journal "$folder/journal"
test_battery_answers_in_both_envelopes
test_key_is_taken_from_either_header
test_page_limits_hold_on_both_sides
test_every_error_code
test_rate_limit_as_429_and_as_401
test_prefixes_of_each_style
test_revoking_in_the_dashboard
test_listing_and_renaming
test_page_for_a_person
test_lag_of_birth_and_death
test_settings
test_faults_that_give_another_answer
test_faults_of_the_connection
test_faults_match_and_count
test_journal_tells_the_order_of_things

(umask 077 && echo admin-of-the-test >"$folder/admin")
start --key-api --admin-key-file "$folder/admin" --max-keys 2
test_key_api
start --key-api --admin-key-file "$folder/admin"
test_lost_answers_of_the_key_api
test_start_and_end

echo "$passed passed, $failed failed"
((failed == 0))
