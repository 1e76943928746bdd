# Starts and stops processes of the sandbox. Each is recorded by its process id and start time, and only stopped if both still
# match, because another process may have got the process id. This file must not know which processes there are.

# start_time PID: prints field 22 of /proc/PID/stat, in clock ticks since boot. Fails if there is no such process, or only a
# zombie. Field 2, the command's name, can have blanks and parentheses, so counting starts after the last ')'.
start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  local -a fields
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] && printf '%s\n' "${fields[19]}"
}

# recorded_pid NAME: prints the process id of NAME if the recorded process is alive. Fails otherwise.
recorded_pid() {
  local pid started
  { read -r pid started <"$STATE/run/$1"; } 2>/dev/null || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]] && printf '%s\n' "$pid"
}

# start_process NAME COMMAND…: starts COMMAND with a clean environment and its output in log/NAME.log. Returns when it is
# recorded. The process writes its own record before it becomes COMMAND. So even if `up` is killed, COMMAND never runs without
# a record.
start_process() {
  local name=$1
  shift
  rm -f "$STATE/run/$name"
  (
    exec </dev/null >>"$STATE/log/$name.log" 2>&1
    close_inherited
    cd /
    # shellcheck disable=SC2016 # expanded by the inner bash
    exec setsid env -i PATH="$STATE/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LANG=C.UTF-8 \
      bash -c '
        record=$1 groups=$2
        shift 2
        for procs in $groups; do echo $$ >"$procs"; done
        stat=$(</proc/$$/stat)
        read -ra fields <<<"${stat##*) }"
        echo "$$ ${fields[19]}" >"$record.new"
        mv "$record.new" "$record"
        exec "$@"' \
      "$name" "$STATE/run/$name" "$(daemon_procs_files)" "$@"
  ) &
  wait_until 10 test -s "$STATE/run/$name" ||
    die "$EXIT_FAILED" "could not start $name" "see $STATE/log/$name.log"
}

# close_inherited: closes all files that the caller left open, except the standard streams. A process that outlives the
# command must not hold the caller's locks and pipes. 255 is bash's own file, which exec closes.
close_inherited() {
  local fd
  for fd in "/proc/$BASHPID/fd/"*; do
    fd=${fd##*/}
    if ((fd > 2 && fd != 255)); then exec {fd}>&-; fi
  done
}

# tied COMMAND…: becomes COMMAND. The kernel ends it if the sandbox command that started it dies, for whatever reason. A build
# that nothing waits for must not keep the machine busy. Call it in a subshell.
tied() {
  exec setpriv --pdeathsig TERM -- "$@"
}

# stop_processes NAME…: asks all of them to end, and kills those that have not ended after 5 s.
stop_processes() {
  local name
  signal_processes TERM "$@"
  wait_until 5 none_alive "$@" || {
    signal_processes KILL "$@"
    wait_until 10 none_alive "$@" || die "$EXIT_FAILED" "these parts did not end when they were killed: $*"
  }
  for name in "$@"; do
    rm -f "$STATE/run/$name"
  done
}

# signal_processes SIGNAL NAME…: sends the signal to those that are alive. It is no problem if one ends meanwhile.
signal_processes() {
  local signal=$1 name pid
  shift
  for name in "$@"; do
    if pid=$(recorded_pid "$name"); then
      kill "-$signal" "$pid" 2>/dev/null || true
    fi
  done
}

none_alive() {
  local name
  for name in "$@"; do
    recorded_pid "$name" >/dev/null && return 1
  done
  return 0
}
