# The control groups below /appdev-sandbox: `daemons` for the sandbox's processes and what they start, `shims` for containerd's
# shims, and the kubelet's `kubepods`. The kernel knows the members. So after any crash, exactly the processes that a daemon or
# a container has started are found. It works with version 2, version 1 and hybrid layouts.

# cgroup_roots: prints the mount point of every hierarchy.
cgroup_roots() {
  awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | sort -u
}

# daemon_procs_files: prints the files to which a daemon writes its process id to join `daemons`, one per hierarchy. It thereby
# leaves the caller's groups, because these may end with the caller's session and kill their members.
daemon_procs_files() {
  local root
  for root in $(cgroup_roots); do
    printf '%s\n' "$root/$SANDBOX/daemons/cgroup.procs"
  done
}

create_cgroups() {
  local root group
  for root in $(cgroup_roots); do
    delegate_controllers "$root"
    for group in "$root/$SANDBOX" "$root/$SANDBOX/shims" "$root/$SANDBOX/daemons"; do
      mkdir -p "$group"
      inherit_cpuset "$group"
    done
    delegate_controllers "$root/$SANDBOX"
  done
}

# inherit_cpuset GROUP: copies processors and memory nodes from the parent. In version 1 a group without them accepts no process.
inherit_cpuset() {
  local file
  for file in cpuset.cpus cpuset.mems; do
    if [[ -f $1/$file && -f $1/cgroup.clone_children && -z $(<"$1/$file") ]]; then
      cat "${1%/*}/$file" >"$1/$file"
    fi
  done
}

# delegate_controllers GROUP: enables all controllers for child groups, which version 2 does not do by itself. Controllers that
# are newly enabled at the root are recorded, so that `down` can undo it.
delegate_controllers() {
  [[ -f $1/cgroup.controllers ]] || return 0
  local controller
  for controller in $(<"$1/cgroup.controllers"); do
    if ! grep -qw "$controller" "$1/cgroup.subtree_control" && echo "+$controller" >"$1/cgroup.subtree_control"; then
      [[ $1 == */$SANDBOX ]] || printf '%s %s\n' "$1" "$controller" >>"$STATE/delegated-controllers"
    fi
  done 2>/dev/null
}

# cgroup_pids: prints the members of all groups of the sandbox.
cgroup_pids() {
  local root
  for root in $(cgroup_roots); do
    find "$root/$SANDBOX" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -nu
}

# kill_cgroup: kills the members until there are none. Frozen containers are thawed first, because they cannot die frozen.
kill_cgroup() {
  local deadline=$((SECONDS + 20)) pids
  while pids=$(cgroup_pids) && [[ -n $pids ]]; do
    ((SECONDS < deadline)) || die "$EXIT_FAILED" "these processes of the sandbox did not end when they were killed: ${pids//$'\n'/ }"
    # shellcheck disable=SC2086 # one argument a process
    kill -KILL $pids 2>/dev/null || true
    find /sys/fs/cgroup -path "*/$SANDBOX/*" -name freezer.state -exec sh -c 'echo THAWED >"$1"' _ {} \; 2>/dev/null || true
    sleep 0.05
  done
}

# remove_cgroups: removes all groups of the sandbox, innermost first, and undoes delegate_controllers.
remove_cgroups() {
  local root controller
  for root in $(cgroup_roots); do
    [[ -d $root/$SANDBOX ]] || continue
    # The kernel frees a group a moment after its last member is gone.
    wait_until 10 remove_cgroup_tree "$root/$SANDBOX" || warn "could not remove the control group $root/$SANDBOX"
  done
  while read -r root controller; do
    echo "-$controller" >"$root/cgroup.subtree_control" || true
  done 2>/dev/null <"$STATE/delegated-controllers" || true
}

remove_cgroup_tree() {
  find "$1" -depth -type d -exec rmdir {} + && [[ ! -d $1 ]]
}
