# How the master was started, from its title, and another binary started in the same way.

# split_title: $argv0 and the other arguments ($args) of the master whose title is in $p_title.
split_title() {
  args=${p_title#nginx: master process }
  for argv0 in "$path" "$asked"; do
    case "$args " in "$argv0 "*) break ;; esac
    argv0=${args%% *}
  done
  args=${args#"$argv0"}
}

# split_args: the arguments of the title in $p_title, one a line in $argv, and of them -p ($prefix), -g ($globals) and
# whether there is a -c ($has_c). nginx joins them with blanks. Options are told by their dash, and what follows a value is
# its rest (Debian's own unit starts it with -g 'daemon on; master_process on;').
split_args() {
  split_title
  argv= arg= prefix= globals= has_c=
  for word in $args; do
    case $word in
      -*) ;;
      *) case $arg in -[cegp]) ;; *) word=$arg${arg:+ }$word arg= ;; esac ;;
    esac
    add_arg
    arg=$word
  done
  add_arg
}

add_arg() {
  [ -n "$arg" ] || return 0
  case ${argv##*"$nl"} in
    -p) prefix=$arg ;;
    -g) globals=$arg ;;
  esac
  case $arg in
    -c*) has_c=yes ;;
    -p?*) prefix=${arg#-p} ;;
    -g?*) globals=${arg#-g} ;;
  esac
  argv=$argv${argv:+"$nl"}$arg
}

# quote_start: $start_line is how the master was started, for a human who has to start it again.
quote_start() {
  start_line=$argv0
  IFS=$nl
  for arg in $argv; do
    case $arg in *[!A-Za-z0-9_./:,=+-]*) arg="'$arg'" ;; esac
    start_line="$start_line $arg"
  done
  IFS=' '$tab$nl
}

# as_master SECONDS BINARY OPTION...: BINARY in place of the shell, with what a new master would get: arguments, directory,
# user, and nothing in the environment but PATH and TZ.
as_master() {
  cd "/proc/$om/cwd" 2>/dev/null || cd /
  limit=$1 program=$2
  shift 2
  options=$*
  IFS=$nl
  set -- $argv
  IFS=' '
  exec timeout "$limit" env -i PATH="$PATH" ${TZ:+"TZ=$TZ"} $as_user "$program" "$@" $options 2>&1
}

# find_user: $as_user are the words that make a program start as the user of the master, where that is not ours: even a test
# gives the directories of nginx to the user it runs as. False when there is no way here.
find_user() {
  as_user= m_groups=
  while read -r m_key m_real m_id m_more; do
    case $m_key in
      Uid:) m_uid=$m_id ;;
      Gid:) m_gid=$m_id ;;
      Groups:) m_groups=$m_real${m_id:+ $m_id}${m_more:+ $m_more} ;;
      CapEff:) m_caps=$m_real ;;
    esac
  done 2>/dev/null <"/proc/$om/status"
  [ "$m_uid" != "$uid" ] || return 0
  command -v setpriv >/dev/null 2>&1 || return 1
  as_user="setpriv --reuid $m_uid --regid $m_gid --clear-groups"
  IFS=' '
  set -- $m_groups
  IFS=,
  [ "$#" -eq 0 ] || as_user="setpriv --reuid $m_uid --regid $m_gid --groups $*"
  IFS=' '$tab$nl
  # The low ports, which a test binds too.
  case $m_caps in *[4567cdef]??) as_user="$as_user --inh-caps +net_bind_service --ambient-caps +net_bind_service" ;; esac
}
