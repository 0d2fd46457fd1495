# The host program of handover: one long-lived POSIX shell a host, answering framed requests.
# Nothing here forks in a loop but for one short sleep a poll: /proc and the records are read with the
# shell's own `read`, values are returned in variables.
# No `set -e`: a step that fails in the middle of a handover must lead to its failure path, not end the program.
# What the line that started this has read; left in the state directory for the dead-man.
program_text=${p-}
set -uf
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 077
cd /
unset CDPATH ENV
IFS=' 	
'
nl='
'
tab='	'
# Not yet: it takes a fork.
cr=

set_cr() { cr=$(printf '\r'); }

# enc TEXT ROOM: $enc is TEXT with everything that would break a frame as %XX, cut to ROOM bytes of that.
enc() {
  enc= enc_rest=$1
  [ "${#enc_rest}" -le "$2" ] || enc_rest=$(printf "%.$2s" "$enc_rest")
  while :; do
    case $enc_rest in
      *[%\ "$tab$nl$cr"]*) ;;
      *)
        enc=$enc$enc_rest
        break
        ;;
    esac
    enc_head=${enc_rest%%[%\ "$tab$nl$cr"]*}
    enc_rest=${enc_rest#"$enc_head"}
    case $enc_rest in
      %*) enc=$enc$enc_head%25 ;;
      ' '*) enc=$enc$enc_head%20 ;;
      "$nl"*) enc=$enc$enc_head%0A ;;
      "$tab"*) enc=$enc$enc_head%09 ;;
      *) enc=$enc$enc_head%0D ;;
    esac
    enc_rest=${enc_rest#?}
  done
  [ "${#enc}" -gt "$2" ] || return 0
  enc=$(printf "%.$2s" "$enc")
  case $enc in
    *%) enc=${enc%?} ;;
    *%?) enc=${enc%??} ;;
  esac
}

# say KEY VALUE: adds a field to the answer that is being put together. An answer stays under the 4096 bytes that
# one write keeps together: the later a long value comes, the shorter it is cut.
say() {
  say_room=1200
  [ "${#fields}" -lt 1500 ] || say_room=100
  [ "${#fields}" -lt 3800 ] || return 0
  enc "$2" "$say_room"
  fields="$fields $1=$enc"
}

# answer STATUS: one printf, so that answers of phases that run side by side never mix. A hand that nobody has asked
# leaves its answer in the record.
hand=
answer() {
  if [ -n "$hand" ]; then note "$hand=$1$fields"; else printf '@%s %s%s\n' "$nonce" "$1" "$fields" 2>/dev/null; fi
  fields=
}

# clock: $now is the host's monotonic time in hundredths of a second.
clock() {
  read -r now now_rest 2>/dev/null </proc/uptime
  now=${now%.*}${now#*.}
  while [ "${now#0}" != "$now" ] && [ "${#now}" -gt 1 ]; do now=${now#0}; done
}

nap() { sleep 0.01; }

# digits TEXT: is it a plain decimal number?
digits() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
  esac
}
