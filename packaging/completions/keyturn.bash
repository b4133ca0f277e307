# bash completion for keyturn, written by: keyturn completion bash
_keyturn() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local options='' words='' keys=''
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'list show add get set probe deliver consumers history remove apply export rotate stage rotations plan retry rollback cancel go-on reconcile revoke identify scan revocations incidents incident status init unlock lock slots providers provider audit help version completion' -- "$current")
        return
    fi
    case $previous in
    --key-file | --socket)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    esac
    case ${COMP_WORDS[1]} in
    list)
        options='--environment --provider --names --json --socket --no-start --help'
        ;;
    show)
        options='--json --socket --no-start --help'
        keys=1
        ;;
    add)
        options='--provider --title --owner --every --jitter --window --not-with --expires --on-dead --grace --probe-every --credential --wipe-dead --receipts --without-overlap --label --deliver-file --deliver --no-secret --unchecked --stdin --fd --socket --no-start --help'
        ;;
    get)
        options='--version --as --socket --no-start --help'
        keys=1
        ;;
    set)
        options='--title --owner --every --jitter --window --not-with --expires --on-dead --grace --probe-every --credential --wipe-dead --receipts --without-overlap --label --no-label --socket --no-start --help'
        keys=1
        ;;
    probe)
        options='--socket --no-start --help'
        keys=1
        ;;
    deliver)
        options='--class --json --socket --no-start --help'
        words='add list remove'
        keys=1
        ;;
    consumers)
        options='--json --socket --no-start --help'
        words='forget'
        keys=1
        ;;
    history)
        options='--json --socket --no-start --help'
        keys=1
        ;;
    remove)
        options='--yes --socket --no-start --help'
        keys=1
        ;;
    apply)
        options='--dry-run --prune --yes --json --socket --no-start --help'
        ;;
    export)
        options='--json --socket --no-start --help'
        ;;
    rotate)
        options='--wait --no-wait --socket --no-start --help'
        keys=1
        ;;
    stage)
        options='--stdin --fd --unchecked --expires --wait --no-wait --socket --no-start --help'
        keys=1
        ;;
    rotations)
        options='--all --json --socket --no-start --help'
        ;;
    plan)
        options='--days --environment --provider --json --socket --no-start --help'
        ;;
    retry)
        options='--socket --no-start --help'
        keys=1
        ;;
    rollback)
        options='--yes --socket --no-start --help'
        keys=1
        ;;
    cancel)
        options='--yes --socket --no-start --help'
        keys=1
        ;;
    go-on)
        options='--yes --socket --no-start --help'
        keys=1
        ;;
    reconcile)
        options='--dry-run --json --forget --socket --no-start --help'
        ;;
    revoke)
        options='--version --environment --provider --label --all --leaked --fd --replace --reason --dry-run --timeout --json --yes --no-wait --socket --no-start --help'
        keys=1
        ;;
    identify)
        options='--json --socket --no-start --help'
        ;;
    scan)
        options='--staged --history --no-ignore --definitions --json --socket --no-start --help'
        ;;
    revocations)
        options='--all --json --socket --no-start --help'
        ;;
    incidents)
        options='--json --socket --no-start --help'
        ;;
    incident)
        options='--json --socket --no-start --help'
        words='show list'
        ;;
    status)
        options='--json --socket --no-start --help'
        ;;
    init)
        options='--key-file --low-cost --stdin --fd --socket --no-start --help'
        ;;
    unlock)
        options='--key-file --accept-restore --stdin --fd --socket --no-start --help'
        ;;
    lock)
        options='--socket --no-start --help'
        ;;
    slots)
        options='--key-file --stdin --fd --yes --json --socket --no-start --help'
        words='list add remove'
        ;;
    providers)
        options='--json --socket --no-start --help'
        ;;
    provider)
        options='--environment --credential --stdin --fd --yes --json --socket --no-start --help'
        words='check test'
        ;;
    audit)
        options='--key --follow --verify --json --socket --no-start --help'
        ;;
    help)
        options='--socket --no-start --help'
        ;;
    version)
        options='--socket --no-start --help'
        ;;
    completion)
        options='--socket --no-start --help'
        words='bash zsh fish'
        ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ -n $keys ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W "$(keyturn list --names --no-start 2>/dev/null)" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
}
complete -F _keyturn keyturn
