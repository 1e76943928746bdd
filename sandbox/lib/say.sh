# What the user reads: progress, warnings and the one message that ends a command. Progress goes to stderr, so that stdout
# holds only what was asked for (`env`, `kubeconfig`, `status`). Must not know anything of the sandbox.

# say TEXT…: one line of progress with the seconds since the command began.
say() {
  printf 'sandbox: %4ds  %s\n' "$SECONDS" "$*" >&2
}

# warn TEXT…: something the user should know of that stops nothing.
warn() {
  printf 'sandbox: warning: %s\n' "$*" >&2
}

# die CODE TEXT [HINT…]: ends the command with CODE; each HINT is a line that says what to do next.
die() {
  local code=$1 text=$2
  shift 2
  printf 'sandbox: error: %s\n' "$text" >&2
  local hint
  for hint in "$@"; do
    printf 'sandbox:        %s\n' "$hint" >&2
  done
  exit "$code"
}

# wait_until SECONDS COMMAND…: runs COMMAND until it succeeds; fails when SECONDS have gone by. The pause between two
# tries only keeps the polling cheap.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}
