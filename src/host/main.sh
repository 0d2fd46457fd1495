# The main loop only reads: phases run beside it, so that a revert or a look gets through while one is waiting.

# check SECONDS ARGV...: a health command, with bounds on time and output. Its exit code comes last in the output.
check() {
  check_limit=$1
  shift
  check_out=$(
    # Ignored signals are inherited: a command of the user's gets them back as it knows them.
    trap - HUP PIPE INT QUIT
    { timeout -s KILL "$check_limit" "$@" 2>&1; printf '%sexit=%s' "$nl" "$?"; } | tail -c 1000
  )
  say exit "${check_out##*exit=}"
  # 1000 bytes fit into an answer of their own even if every one is encoded.
  enc "${check_out%"$nl"exit=*}" 3000
  fields="$fields output=$enc"
  answer ok
}

serve() {
  set_cr
  bound= preparing= holding= spare= phases=
  while IFS= read -r frame; do
    nonce=${frame%% *}
    frame=${frame#* }
    verb=${frame%% *}
    # The controller quotes every word for this; what comes from anywhere else never gets here.
    case $frame in
      *' '*) eval "set -- ${frame#* }" ;;
      *) set -- ;;
    esac
    fields=
    case $bound.$verb in
      .inspect | yes.inspect)
        inspect "$@" </dev/null
        ;;
      yes.renew) renew "$@" </dev/null ;;
      yes.prepare)
        (prepare "$@") </dev/null &
        phases="$phases $!"
        stat_of $! && preparing=$!:$p_start
        ;;
      yes.precommit)
        # Here, because of phases and renewals at one time only the main loop writes the lease.
        granted=
        may_renew && extend "$1" && granted=yes
        (precommit) </dev/null &
        phases="$phases $!"
        ;;
      yes.switch)
        # Only the main loop arms, so no two are armed at once.
        ! may_renew || dead_man_lives || arm
        (switch "$@") </dev/null &
        phases="$phases $!"
        ;;
      yes.decide)
        ("$verb" "$@") </dev/null &
        phases="$phases $!"
        ;;
      yes.break)
        (break_lock "$@") </dev/null &
        phases="$phases $!"
        ;;
      yes.check | yes.stand)
        ("$verb" "$@") </dev/null &
        ;;
      yes.revert)
        if newest || ! overtaken; then
          # Not `:`, which ends a dash when it cannot write (before anything was prepared there is no such directory).
          { printf '' >"$cancel"; } 2>/dev/null
          (revert "$@") </dev/null &
          phases="$phases $!"
        else
          # Not even those who are at work are asked to give up.
          say code FENCED
          answer refused
        fi
        ;;
      .revert)
        # Refused before it was bound to a daemon: there is nothing of ours.
        say state untouched
        answer ok
        ;;
      *.bye)
        answer ok
        break
        ;;
      *)
        say code UNKNOWN_VERB
        answer refused
        ;;
    esac
  done
  # The connection is gone. Phases in hand finish by themselves; then the lease decides, or a controller that comes back.
  # Not for health commands: one that never ends would keep the lock with this program.
  [ -z "$phases" ] || wait $phases
}

# begin [dead_man ...]: as the dead-man it was started with words; at the end of a connection there are none.
begin() {
  case ${1-} in
    dead_man)
      shift
      dead_man "$@"
      ;;
    *) serve ;;
  esac
}

trap '' HUP PIPE INT QUIT
read_boot
boot=$boot_now
stat_of $$
self_start=$p_start
begin "$@"
