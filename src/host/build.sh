# Is the new binary built for the same places and with the same parts? What a configuration does not say, a binary has
# compiled in: with another prefix or user it would be another daemon, and `-t` would still pass.

# same_build: false, and refused, when a new master would differ by its build; $tested is what the new binary said.
same_build() {
  # What was replaced here once ran here: going back to an older version must not meet its missing parts.
  [ ! -f "$state/backups/$want_sha" ] || return 0
  new_build=${tested#*configure arguments:}
  new_build=" ${new_build%%"$nl"*} "
  # A program that has connected anew has not looked at the configuration.
  [ -n "$old_build" ] || look_at_config
  old_build=" $old_build "
  differs=
  [ -n "$prefix" ] || same_option prefix
  [ -n "$has_c" ] || same_option conf-path
  case $conf_has in *' pid'*) ;; *) same_option pid-path ;; esac
  case $conf_has in *' user'*) ;; *) same_option user && same_option group ;; esac
  case $conf_has in *' load_module'*) same_option modules-path ;; esac
  dropped=
  # A dynamic module does nothing unless it is loaded, and then `-t` tells.
  for word in $old_build; do
    case $word in
      *=dynamic | *-opt=* | --with-pcre* | --with-zlib* | --with-openssl* | --with-libatomic* | --with-perl*) ;;
      --with-debug | --with-compat | --with-cc=* | --with-cpp=* | --with-select_module | --with-poll_module) ;;
      --with-*) case $new_build in *" $word "* | *" $word=dynamic "*) ;; *) dropped="$dropped ${word#--}" ;; esac ;;
    esac
  done
  for word in $new_build; do
    case $word in
      --without-*_module) case $old_build in *" $word "*) ;; *) dropped="$dropped ${word#--}" ;; esac ;;
    esac
  done
  [ -z "$dropped" ] || differs="$differs, it lacks$dropped"
  [ -n "$differs" ] || return 0
  case $allow in *,build,*) return 0 ;; esac
  say detail "${differs#, }"
  fail_prepare BUILD_DIFFERS
  return 1
}

# same_option NAME: adds to $differs when --NAME= is not the same.
same_option() {
  option_of "$old_build" "$1"
  was=$value
  option_of "$new_build" "$1"
  [ "$was" = "$value" ] || differs="$differs, $1 is ${value:-not set} and was ${was:-not set}"
}

option_of() {
  case $1 in
    *" --$2="*)
      value=${1#*" --$2="}
      value=${value%% *}
      ;;
    *) value= ;;
  esac
}
