# What systemd makes of the daemon. It watches one process of a unit, the main process, and when that one ends it ends
# all the others of the unit too, unless the pid file of the unit names a new main process by then.

# preflight_unit: does the unit of the master $om outlive it, and has it room for two sets of processes?
preflight_unit() {
  [ -d /run/systemd/system ] && group_of "$om" && ask_unit || return 0
  case $un_state in
    active | reloading) ;;
    *) refuse UNIT_NOT_ACTIVE "$unit is $un_state" && return ;;
  esac
  preflight_main_process
  preflight_tasks
  preflight_unit_memory
}

preflight_main_process() {
  if [ "$un_main" != "$om" ]; then
    other_program && return
    refuse UNIT_MAIN_PROCESS "$unit has MainPID=$un_main, the master is $om"
  elif [ "$un_type" != forking ]; then
    refuse UNIT_TYPE "$unit has Type=$un_type"
  elif [ -z "$un_pid_file" ]; then
    refuse UNIT_PID_FILE "$unit has no PIDFile="
  elif [ ! "$un_pid_file" -ef "$pid_file" ]; then
    refuse UNIT_PID_FILE "$unit has PIDFile=$un_pid_file"
  fi
}

# other_program: systemd watches nothing, or something that a handover does not touch: the unit is that of the
# program that started the daemon.
other_program() {
  [ "$un_main" = 0 ] && return
  stat_of "$un_main" && [ ! "/proc/$un_main/exe" -ef "$path" ] || return 1
  un_seen=$group un_named=$unit
  group_of "$un_main"
  un_other=$group group=$un_seen unit=$un_named
  [ "$un_other" = "$un_seen" ]
}

# preflight_tasks: threads count, and so do other programs of the unit.
preflight_tasks() {
  limited "$un_tasks_max" || return 0
  un_need=0
  for item in $old_masters $old_workers $old_helpers; do
    stat_of "${item%%:*}" || continue
    set -- ${p_line##*) }
    shift 17
    un_need=$((un_need + $1))
  done
  limited "$un_tasks" || un_tasks=$un_need
  [ $((un_tasks + un_need)) -le "$un_tasks_max" ] ||
    refuse UNIT_TASKS "$unit has TasksMax=$un_tasks_max; $un_tasks are there, $un_need more are needed"
}

# preflight_unit_memory: what the processes have to themselves and in shared zones. Not what the unit is charged with: the
# page cache in it gives way.
preflight_unit_memory() {
  limited "$un_memory_max" || return 0
  un_need=0
  for item in $old_masters $old_workers $old_helpers; do
    while read -r un_key un_size un_rest; do
      case $un_key in Pss_Anon: | Pss_Shmem:) un_need=$((un_need + un_size)) ;; esac
    done 2>/dev/null <"/proc/${item%%:*}/smaps_rollup"
  done
  un_room=$((un_memory_max / 1024))
  [ $((un_need * 2)) -le "$un_room" ] ||
    refuse UNIT_MEMORY "$unit has MemoryMax=$un_room KiB, one set of processes takes $un_need KiB"
}

# limited NUMBER: neither `infinity`, `[not set]` nor the 2^64 - 1 that older versions say.
limited() { digits "$1" && [ "${#1}" -lt 19 ]; }

# group_of PID: $group is its control group and $unit the service it stands for.
group_of() {
  group=
  { while IFS=: read -r g_id g_kind g_path; do
    case $g_kind:$g_path in
      # cgroup v1 and v2; the other hierarchies are those of single controllers.
      name=systemd:*.service | :*.service) group=$g_path ;;
    esac
  done <"/proc/$1/cgroup"; } 2>/dev/null
  unit=${group##*/}
  [ -n "$unit" ]
}

# ask_unit: what systemd says of $unit. False without an answer, or when it speaks of another unit of that name (the
# user's own systemd and one in a container have units, too).
ask_unit() {
  un_type= un_state= un_main=0 un_pid_file= un_group= un_tasks= un_tasks_max= un_memory_max=
  un_asked=Type,ActiveState,MainPID,PIDFile,ControlGroup,TasksCurrent,TasksMax,MemoryMax
  un_out=$(timeout 5 systemctl show -p "$un_asked" -- "$unit" 2>/dev/null </dev/null) || return 1
  while IFS= read -r un_line; do
    un_value=${un_line#*=}
    case $un_line in
      Type=*) un_type=$un_value ;;
      ActiveState=*) un_state=$un_value ;;
      MainPID=*) un_main=$un_value ;;
      PIDFile=*) un_pid_file=$un_value ;;
      ControlGroup=*) un_group=$un_value ;;
      TasksCurrent=*) un_tasks=$un_value ;;
      TasksMax=*) un_tasks_max=$un_value ;;
      MemoryMax=*) un_memory_max=$un_value ;;
    esac
  done <<EOF
$un_out
EOF
  [ "$un_group" = "$group" ]
}
