# Processes of ours: started in a session of their own, recorded as process id and start time, stopped only while both still
# fit. A process id alone may have passed to somebody else's process. Must not know which processes there are.

# start_time PID: field 22 of /proc/PID/stat, in clock ticks since boot; fails when there is no such process or only its
# zombie is left. The command's name, field 2, may hold blanks and parentheses, so counting starts behind the last ')'.
start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  local -a fields
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] && printf '%s\n' "${fields[19]}"
}

# recorded_pid NAME: prints the process id of NAME while the recorded process is alive; fails otherwise.
recorded_pid() {
  local pid started
  { read -r pid started <"$STATE/run/$1"; } 2>/dev/null || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]] && printf '%s\n' "$pid"
}

# start_process NAME COMMAND…: starts COMMAND with a clean environment and its output in log/NAME.log, and returns once it
# is recorded. The record is written by the process itself before it becomes COMMAND: whenever `up` is killed, there is no
# moment in which COMMAND runs without being recorded.
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
    die "$EXIT_FAILED" "$name could not be started" "see $STATE/log/$name.log"
}

# close_inherited: closes every file beside the standard streams that a caller left open, his locks and pipes among them: a
# process that outlives the command must not hold them. 255 is bash's own, and is closed by exec.
close_inherited() {
  local fd
  for fd in "/proc/$BASHPID/fd/"*; do
    fd=${fd##*/}
    if ((fd > 2 && fd != 255)); then exec {fd}>&-; fi
  done
}

# tied COMMAND…: becomes COMMAND, in a subshell, and has the kernel end it when the command of the sandbox that started it is
# gone, by whatever signal: a build that nobody waits for any more must not keep the machine busy.
tied() {
  exec setpriv --pdeathsig TERM -- "$@"
}

# stop_processes NAME…: asks all of them to end, waits, and kills those that have not ended 5 s later.
stop_processes() {
  local name
  signal_processes TERM "$@"
  wait_until 5 none_alive "$@" || {
    signal_processes KILL "$@"
    wait_until 10 none_alive "$@" || die "$EXIT_FAILED" "these did not end when killed: $*"
  }
  for name in "$@"; do
    rm -f "$STATE/run/$name"
  done
}

# signal_processes SIGNAL NAME…: to those that are alive; a process that ends meanwhile is what was wanted.
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
