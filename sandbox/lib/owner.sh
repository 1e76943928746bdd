# Whose sandbox it is and where its state lies: the machine-wide lock, the link to the state in use, the checkout that
# started it, and what a restart of the machine made untrue. Must not start or stop anything.

# take_lock: one command that changes the sandbox at a time. Children must not inherit the lock (they start with 9>&-), or a
# daemon would hold it for ever.
take_lock() {
  exec 9<>"$LOCK_FILE"
  if ! flock --nonblock 9; then
    say "another sandbox/cluster command is at work (process $(cat "$LOCK_FILE")); waiting until it is done"
    flock 9
  fi
  printf '%d\n' $$ >"$LOCK_FILE"
}

# is_state_folder DIR: whether DIR was made by the sandbox, and may therefore be deleted by it.
is_state_folder() {
  [[ -f $1/.$SANDBOX || ($1 == "$DEFAULT_STATE" && -d $1) ]]
}

# find_state: where a sandbox exists already, its state is the one that counts, whatever this shell's environment says.
find_state() {
  local linked
  linked=$(readlink "$RUNNING_STATE_LINK" 2>/dev/null) || return 0
  is_state_folder "$linked" || return 0
  if [[ -n ${APPDEV_SANDBOX_STATE:-} && $linked != "$STATE" ]]; then
    warn "this machine's sandbox keeps its state in $linked; APPDEV_SANDBOX_STATE=$STATE is not used"
  fi
  STATE=$linked
}

# create_state: the state folder with its marker, and the machine-wide link to it.
create_state() {
  # Unix sockets lie in it, and their whole path may have 107 characters.
  ((${#STATE} <= 50)) ||
    die "$EXIT_USAGE" "the state folder's path is too long for the Unix sockets in it: $STATE" \
      "set APPDEV_SANDBOX_STATE to a path of at most 50 characters"
  [[ $STATE == /* && $STATE =~ ^[A-Za-z0-9/._-]+$ ]] ||
    die "$EXIT_USAGE" "the state folder must be an absolute path of letters, digits, '.', '_' and '-': $STATE" \
      "set APPDEV_SANDBOX_STATE to another path"
  if ! is_state_folder "$STATE" && [[ -e $STATE && -n $(ls -A "$STATE") ]]; then
    die "$EXIT_FAILED" "$STATE exists and is not the sandbox's" "set APPDEV_SANDBOX_STATE to a folder that does not exist yet"
  fi
  # Open to all, because the kubeconfig may belong to the user behind sudo; what is secret is in the closed folders.
  install -d -m 0755 "$STATE" "$STATE/bin"
  touch "$STATE/.$SANDBOX"
  install -d -m 0700 "$STATE"/{run,etc,log,etcd,registry,containerd,kubelet,cni,volumes,control}
  ln -sfn "$STATE" "$RUNNING_STATE_LINK"
}

# owner: the checkout that started the sandbox; empty when there is none.
owner() {
  cat "$STATE/checkout" 2>/dev/null || true
}

# own: this checkout answers for the sandbox from now on.
own() {
  write_file "$STATE/checkout" <<<"$CHECKOUT"
}

# owned_by_other: whether another checkout, which still exists, started the sandbox.
owned_by_other() {
  local checkout
  checkout=$(owner)
  [[ -n $checkout && $checkout != "$CHECKOUT" && -x $checkout/sandbox/cluster ]]
}

# forget_before_boot: process ids, sysctl values and containers' bundles are facts about one boot of the machine. After a
# restart they are wrong, and a process id of then may be anybody's now.
forget_before_boot() {
  local boot
  boot=$(</proc/sys/kernel/random/boot_id)
  if [[ -f $STATE/boot-id && $(<"$STATE/boot-id") != "$boot" ]]; then
    say "the machine was restarted since; forgetting its processes"
    rm -rf --one-file-system "$STATE"/run "$STATE/sysctl" "$STATE/containerd/run"
    install -d -m 0700 "$STATE/run"
  fi
  write_file "$STATE/boot-id" <<<"$boot"
}

# write_file PATH: stdin becomes PATH as a whole or not at all, so that an interrupt never leaves half a file.
write_file() {
  local new
  new=$(mktemp "${1%/*}/.new.XXXXXX")
  cat >"$new"
  chmod 0644 "$new"
  mv -f "$new" "$1"
}
