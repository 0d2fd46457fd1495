# The main loop only reads: phases run beside it, so that a revert or a look gets through while one is waiting.

# check SECONDS ARGV...: a health command, with bounds on time and output. Its exit code comes last in the output.
check() {
  check_limit=$1
  shift
  check_out=$(
    { timeout "$check_limit" "$@" 2>&1; printf '%sexit=%s' "$nl" "$?"; } | tail -c 1000
  )
  say exit "${check_out##*exit=}"
  say output "${check_out%"$nl"exit=*}"
  answer ok
}

serve() {
  bound=
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
        bound=yes
        ;;
      yes.look) look </dev/null ;;
      yes.prepare | yes.switch | yes.precommit | yes.decide | yes.check)
        ("$verb" "$@") </dev/null &
        ;;
      yes.revert)
        : >"$cancel"
        (revert "$@") </dev/null &
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
  # The controller is gone. Phases in hand finish by themselves; what was only prepared is undone.
  wait
  if [ "$bound" = yes ] && read_lock && [ "$l_run.$l_pid" = "$run.$$" ] && in_state '' prepared; then
    hold_effect 100 && go_back
  fi
}

trap '' HUP PIPE INT QUIT
read_boot
boot=$boot_now
stat_of $$
self_start=$p_start
serve
