# Prints progress, warnings and the message that ends a command. They go to stderr, so that stdout has only the requested
# data (`env`, `kubeconfig`, `status`). This file must not know anything about the sandbox.

# say TEXT…: prints one line of progress with the seconds since the command began.
say() {
  printf 'sandbox: %4ds  %s\n' "$SECONDS" "$*" >&2
}

# warn TEXT…: prints a problem that does not stop the command.
warn() {
  printf 'sandbox: warning: %s\n' "$*" >&2
}

# die CODE TEXT [HINT…]: prints an error and ends the command with CODE. Each HINT is a line that says what to do next.
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

# wait_until SECONDS COMMAND…: runs COMMAND again and again until it succeeds. Fails after SECONDS. The pause between two
# tries only makes the polling cheap.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}
