# Knows who owns the sandbox and where its state is: the machine-wide lock, the link to the state folder, the checkout that
# started it, and what is outdated after a restart of the machine. This file must not start or stop anything.

# take_lock: makes sure that only one command changes the sandbox at a time. Children must not inherit the lock (they start
# with 9>&-), because a daemon would then hold it for ever.
take_lock() {
  exec 9<>"$LOCK_FILE"
  if ! flock --nonblock 9; then
    say "waiting for another sandbox/cluster command to end (process $(cat "$LOCK_FILE"))"
    flock 9
  fi
  printf '%d\n' $$ >"$LOCK_FILE"
}

# is_state_folder DIR: succeeds if the sandbox made DIR and may therefore delete it.
is_state_folder() {
  [[ -f $1/.$SANDBOX || ($1 == "$DEFAULT_STATE" && -d $1) ]]
}

# find_state: if a sandbox already exists, its state folder is used, whatever the environment says.
find_state() {
  local linked
  linked=$(readlink "$RUNNING_STATE_LINK" 2>/dev/null) || return 0
  is_state_folder "$linked" || return 0
  if [[ -n ${APPDEV_SANDBOX_STATE:-} && $linked != "$STATE" ]]; then
    warn "the sandbox of this machine has its state in $linked; APPDEV_SANDBOX_STATE=$STATE is ignored"
  fi
  STATE=$linked
}

# create_state: makes the state folder with its marker, and the machine-wide link to it.
create_state() {
  # The path of a Unix socket can have at most 107 characters, and there are sockets in this folder.
  ((${#STATE} <= 50)) ||
    die "$EXIT_USAGE" "the state folder's path is too long for the Unix sockets in it: $STATE" \
      "set APPDEV_SANDBOX_STATE to a path of at most 50 characters"
  [[ $STATE == /* && $STATE =~ ^[A-Za-z0-9/._-]+$ ]] ||
    die "$EXIT_USAGE" "the state folder must be an absolute path of letters, digits, '.', '_' and '-': $STATE" \
      "set APPDEV_SANDBOX_STATE to another path"
  if ! is_state_folder "$STATE" && [[ -e $STATE && -n $(ls -A "$STATE") ]]; then
    die "$EXIT_FAILED" "$STATE exists, but the sandbox did not make it" "set APPDEV_SANDBOX_STATE to a folder that does not exist yet"
  fi
  # Everyone may read it, because the kubeconfig may belong to the user who called sudo. Secrets are in the closed folders.
  install -d -m 0755 "$STATE" "$STATE/bin"
  touch "$STATE/.$SANDBOX"
  install -d -m 0700 "$STATE"/{run,etc,log,etcd,registry,containerd,kubelet,cni,volumes,control}
  ln -sfn "$STATE" "$RUNNING_STATE_LINK"
}

# owner: prints the checkout that started the sandbox; prints nothing if there is none.
owner() {
  cat "$STATE/checkout" 2>/dev/null || true
}

# own: makes this checkout the owner of the sandbox.
own() {
  write_file "$STATE/checkout" <<<"$CHECKOUT"
}

# owned_by_other: succeeds if another checkout started the sandbox and still exists.
owned_by_other() {
  local checkout
  checkout=$(owner)
  [[ -n $checkout && $checkout != "$CHECKOUT" && -x $checkout/sandbox/cluster ]]
}

# forget_before_boot: removes records that are wrong after a restart of the machine: process ids, sysctl values and bundles of
# containers. A recorded process id may now belong to any process.
forget_before_boot() {
  local boot
  boot=$(</proc/sys/kernel/random/boot_id)
  if [[ -f $STATE/boot-id && $(<"$STATE/boot-id") != "$boot" ]]; then
    say "the machine was restarted; forgetting the old processes"
    rm -rf --one-file-system "$STATE"/run "$STATE/sysctl" "$STATE/containerd/run"
    install -d -m 0700 "$STATE/run"
  fi
  write_file "$STATE/boot-id" <<<"$boot"
}

# write_file PATH: writes stdin to PATH completely or not at all, so that an interrupt never leaves half a file.
write_file() {
  local new
  new=$(mktemp "${1%/*}/.new.XXXXXX")
  cat >"$new"
  chmod 0644 "$new"
  mv -f "$new" "$1"
}
