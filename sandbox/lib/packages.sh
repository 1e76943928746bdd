# Installs missing Debian packages without starting or enabling their services. A service that was already on the machine is
# not touched.

# Each command that the sandbox needs, or that appdev needs with it, and the package that contains it.
readonly -A PACKAGE_OF=([buildah]=buildah [runc]=runc [containerd]=containerd [/usr/lib/cni/bridge]=containernetworking-plugins
  [etcd]=etcd-server [docker-registry]=docker-registry [skopeo]=skopeo [mmdebstrap]=mmdebstrap
  [iptables-restore]=iptables [nft]=nftables [ip]=iproute2 [ss]=iproute2
  [openssl]=openssl [curl]=curl [jq]=jq [setsid]=util-linux)
# Commands that only tests of appdev use.
readonly -A TEST_PACKAGE_OF=([podman]=podman [gradle]=gradle [tmux]=tmux)
readonly UNITS=(containerd.service docker-registry.service etcd.service podman.service podman.socket
  podman-auto-update.service podman-auto-update.timer podman-restart.service)
readonly POLICY=/usr/sbin/policy-rc.d

# install_packages TABLE: installs what is missing from one of the tables above.
install_packages() {
  local -n package_of=$1
  restore_policy
  disable_new_units
  local tool
  local -a missing=()
  for tool in "${!package_of[@]}"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} > 0)) || return 0
  require_apt "${missing[@]}"

  local -a packages=()
  for tool in "${missing[@]}"; do
    packages+=("${package_of[$tool]}")
  done
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  say "installing Debian packages, usually 30 s, once: ${packages[*]}"
  note_absent_units
  forbid_service_starts
  local log=$STATE/log/packages.log
  if ! {
    # An interrupted installation would make every later one fail, so it is finished first.
    [[ -z $(dpkg --audit) ]] || dpkg --configure -a
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}"
  } >"$log" 2>&1 9>&- </dev/null; then
    restore_policy
    tail -n 5 "$log" >&2
    die "$EXIT_UNSUPPORTED" "apt-get could not install: ${packages[*]}" "the whole output is in $log" \
      "fix apt's sources and run this again, or" "${INSTEAD[@]}"
  fi
  restore_policy
  disable_new_units
}

# forbid_service_starts: every package asks policy-rc.d before it starts a service. Ours says no while the process that wrote
# it is alive. If that process was killed, ours calls the machine's own policy, which is kept beside it.
forbid_service_starts() {
  [[ ! -e $POLICY ]] || mv "$POLICY" "$POLICY.before-$SANDBOX"
  write_file "$STATE/policy-rc.d" <<END
#!/bin/sh
# $SANDBOX: no service starts while sandbox/cluster (process $$) installs packages.
[ "\$(cut -d ' ' -f 22 /proc/$$/stat 2>/dev/null)" = "$(start_time $$)" ] && exit 101
[ -x "$POLICY.before-$SANDBOX" ] && exec "$POLICY.before-$SANDBOX" "\$@"
exit 0
END
  chmod 0755 "$STATE/policy-rc.d"
  mv "$STATE/policy-rc.d" "$POLICY"
}

# restore_policy: undoes forbid_service_starts, also after a command that was killed.
restore_policy() {
  ! grep -qsF "# $SANDBOX:" "$POLICY" || rm "$POLICY"
  [[ ! -e $POLICY.before-$SANDBOX ]] || mv "$POLICY.before-$SANDBOX" "$POLICY"
}

# note_absent_units: records the services that the installation will add.
note_absent_units() {
  local unit
  for unit in "${UNITS[@]}"; do
    [[ -e /lib/systemd/system/$unit ]] || printf '%s\n' "$unit"
  done | write_file "$STATE/new-units"
}

# disable_new_units: disables the new services. Packages enable them for the next boot, whatever policy-rc.d says.
disable_new_units() {
  [[ -f $STATE/new-units ]] || return 0
  local unit
  while read -r unit; do
    systemctl disable "$unit" >/dev/null 2>&1 || true
  done <"$STATE/new-units"
  rm "$STATE/new-units"
}
