# Removes what is left of pods, mounts and files when the daemons are gone. It looks only below the sandbox's own folder, bridge
# and control groups. So it needs no live daemon and works after any crash. It must not touch anything else.

# Folders outside STATE that the parts create, whatever their configuration says.
readonly FOREIGN_FOLDERS=(/run/containerd /run/containerd/s /var/lib/cni /var/lib/cni/results /var/lib/cni/cache
  /var/log/containers /var/lib/kubelet /var/lib/kubelet/device-plugins /var/log/pods /run/netns)
readonly HOST_PATH_VOLUMES=/tmp/hostpath_pv

# record_folders: records which of them do not exist yet. An existing record is kept, because it is older.
record_folders() {
  [[ -f $STATE/new-folders ]] && return 0
  local folder
  for folder in "${FOREIGN_FOLDERS[@]}"; do
    [[ -e $folder ]] || printf '%s\n' "$folder"
  done | write_file "$STATE/new-folders"
}

# claim_volumes: the controller manager creates folders for volume claims in a fixed place. A link puts them below STATE.
claim_volumes() {
  [[ -e $HOST_PATH_VOLUMES || -L $HOST_PATH_VOLUMES ]] || ln -s "$STATE/volumes" "$HOST_PATH_VOLUMES"
}

# clear_orphans: cleans up if the state folder was deleted while the sandbox was running. What it made is found by its name.
clear_orphans() {
  [[ -n $(cgroup_pids) ]] || ip link show "$SANDBOX" >/dev/null 2>&1 || return 0
  say "removing a sandbox whose state folder was deleted"
  kill_cgroup
  unmount_all
  network_down
  remove_cgroups
  remove_foreign_files
}

# unmount_all: unmounts everything below STATE, innermost first: volumes, root file systems, network namespaces.
unmount_all() {
  local mount
  while read -r mount; do
    umount "$mount" 2>/dev/null || umount --lazy "$mount" 2>/dev/null || true
  done < <(awk -v state="$STATE/" 'index($5, state) == 1 { print $5 }' /proc/self/mountinfo | tac)
  ! grep -qF " $STATE/" /proc/self/mountinfo || die "$EXIT_FAILED" "something below $STATE is still mounted" \
    "see: grep $STATE/ /proc/self/mountinfo"
}

# remove_foreign_files: removes what the parts leave outside STATE.
remove_foreign_files() {
  local socket pod folder
  # Shims of every containerd on the machine keep their sockets here. A socket on which no process listens can be removed.
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

# remove_state: removes the state folder. It must be the last step, because everything else is found through the folder.
remove_state() {
  is_state_folder "$STATE" || return 0
  # The marker is removed last, so that an interrupted removal can be continued.
  find "$STATE" -xdev -mindepth 1 -depth ! -path "$STATE/.$SANDBOX" -delete
  rm -f "$STATE/.$SANDBOX"
  rmdir "$STATE"
  [[ $(readlink "$RUNNING_STATE_LINK") != "$STATE" ]] || rm "$RUNNING_STATE_LINK"
}
