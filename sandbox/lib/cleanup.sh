# What is left of pods, mounts and files when the daemons are gone, and its removal. Works by what is below the sandbox's own
# folder, bridge and control groups, so that it needs no daemon alive and fits after any crash. Must not touch anything else.

# Folders outside STATE that the parts make wherever they are told to keep their files.
readonly FOREIGN_FOLDERS=(/run/containerd /run/containerd/s /var/lib/cni /var/lib/cni/results /var/lib/cni/cache
  /var/log/containers /var/lib/kubelet /var/lib/kubelet/device-plugins /var/log/pods /run/netns)
readonly HOST_PATH_VOLUMES=/tmp/hostpath_pv

# record_folders: which of them were not there before; an earlier record is older and therefore right.
record_folders() {
  [[ -f $STATE/new-folders ]] && return 0
  local folder
  for folder in "${FOREIGN_FOLDERS[@]}"; do
    [[ -e $folder ]] || printf '%s\n' "$folder"
  done | write_file "$STATE/new-folders"
}

# claim_volumes: the controller manager makes claims' folders in a fixed place; a link puts them into the state folder.
claim_volumes() {
  [[ -e $HOST_PATH_VOLUMES || -L $HOST_PATH_VOLUMES ]] || ln -s "$STATE/volumes" "$HOST_PATH_VOLUMES"
}

# clear_orphans: somebody deleted the state folder while the sandbox was running. What it made is still known by its name.
clear_orphans() {
  [[ -n $(cgroup_pids) ]] || ip link show "$SANDBOX" >/dev/null 2>&1 || return 0
  say "clearing away a sandbox whose state folder was deleted"
  kill_cgroup
  unmount_all
  network_down
  remove_cgroups
  remove_foreign_files
}

# unmount_all: everything that is mounted below STATE, innermost first: volumes, root file systems, network namespaces.
unmount_all() {
  local mount
  while read -r mount; do
    umount "$mount" 2>/dev/null || umount --lazy "$mount" 2>/dev/null || true
  done < <(awk -v state="$STATE/" 'index($5, state) == 1 { print $5 }' /proc/self/mountinfo | tac)
  ! grep -qF " $STATE/" /proc/self/mountinfo || die "$EXIT_FAILED" "something below $STATE is still mounted" \
    "see: grep $STATE/ /proc/self/mountinfo"
}

# remove_foreign_files: what the parts leave outside STATE.
remove_foreign_files() {
  local socket pod folder
  # Shims keep their sockets in one place for every containerd of the machine; a socket that nobody listens on is of no use
  # to anybody.
  for socket in /run/containerd/s/*; do
    grep -qF " $socket" /proc/net/unix || rm -f "$socket"
  done
  while read -r pod; do
    rm -f "/var/lib/cni/results/$SANDBOX-$pod-eth0" "/var/lib/cni/results/cni-loopback-$pod-lo"
  done < <(find /var/lib/cni/results -name "$SANDBOX-*" 2>/dev/null | sed "s,.*/$SANDBOX-,,; s,-eth0\$,,")
  find /var/log/containers -lname "$STATE/*" -delete 2>/dev/null || true
  if grep -qx /var/lib/kubelet/device-plugins "$STATE/new-folders" 2>/dev/null; then
    rm -f /var/lib/kubelet/device-plugins/{kubelet.sock,DEPRECATION}
  fi
  [[ $(readlink "$HOST_PATH_VOLUMES") != "$STATE"/* ]] || rm "$HOST_PATH_VOLUMES"
  while read -r folder; do
    rmdir "$folder" 2>/dev/null || true
  done < <(tac "$STATE/new-folders" 2>/dev/null)
}

# remove_state: the state folder; last, because everything else is found through it.
remove_state() {
  is_state_folder "$STATE" || return 0
  # The marker stays until everything else is gone, so that an interrupted removal can be taken up again.
  find "$STATE" -xdev -mindepth 1 -depth ! -path "$STATE/.$SANDBOX" -delete
  rm -f "$STATE/.$SANDBOX"
  rmdir "$STATE"
  [[ $(readlink "$RUNNING_STATE_LINK") != "$STATE" ]] || rm "$RUNNING_STATE_LINK"
}
