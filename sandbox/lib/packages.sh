# Debian packages: which are missing, and their installation without a service of theirs being started or left enabled.
# A service that was on the machine before is its owner's and is left alone.

# Each command that the sandbox runs, or appdev runs on it, and the package that brings it.
readonly -A PACKAGE_OF=([buildah]=buildah [runc]=runc [containerd]=containerd [/usr/lib/cni/bridge]=containernetworking-plugins
  [etcd]=etcd-server [docker-registry]=docker-registry [skopeo]=skopeo [mmdebstrap]=mmdebstrap
  [iptables-restore]=iptables [nft]=nftables [ip]=iproute2 [ss]=iproute2
  [gradle]=gradle [openssl]=openssl [curl]=curl [jq]=jq [setsid]=util-linux)
readonly UNITS=(containerd.service docker-registry.service etcd.service)
readonly POLICY=/usr/sbin/policy-rc.d

# install_packages: what is missing, and nothing where nothing is.
install_packages() {
  restore_policy
  disable_new_units
  local tool
  local -a missing=()
  for tool in "${!PACKAGE_OF[@]}"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  ((${#missing[@]} > 0)) || return 0
  require_apt "${missing[@]}"

  local -a packages=()
  for tool in "${missing[@]}"; do
    packages+=("${PACKAGE_OF[$tool]}")
  done
  mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  say "installing Debian packages, usually 30 s, once: ${packages[*]}"
  note_absent_units
  forbid_service_starts
  local log=$STATE/log/packages.log
  if ! {
    # What an interrupted installation left half done stops every later one.
    [[ -z $(dpkg --audit) ]] || dpkg --configure -a
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "${packages[@]}"
  } >"$log" 2>&1 9>&- </dev/null; then
    restore_policy
    tail -n 5 "$log" >&2
    die "$EXIT_UNSUPPORTED" "apt-get could not install: ${packages[*]}" "the whole output is in $log" \
      "repair apt's sources and run this again, or" "${INSTEAD[@]}"
  fi
  restore_policy
  disable_new_units
}

# forbid_service_starts: policy-rc.d is asked by every package before it starts a service. Ours forbids it only while the
# process that wrote it is alive; after a kill it does what the machine's own did, which is kept beside it.
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

# restore_policy: takes back forbid_service_starts, also one of a command that was killed.
restore_policy() {
  ! grep -qsF "# $SANDBOX:" "$POLICY" || rm "$POLICY"
  [[ ! -e $POLICY.before-$SANDBOX ]] || mv "$POLICY.before-$SANDBOX" "$POLICY"
}

# note_absent_units: the services that the installation is about to bring.
note_absent_units() {
  local unit
  for unit in "${UNITS[@]}"; do
    [[ -e /lib/systemd/system/$unit ]] || printf '%s\n' "$unit"
  done | write_file "$STATE/new-units"
}

# disable_new_units: a package enables its service for the next start of the machine, whatever policy-rc.d says.
disable_new_units() {
  [[ -f $STATE/new-units ]] || return 0
  local unit
  while read -r unit; do
    systemctl disable "$unit" >/dev/null 2>&1 || true
  done <"$STATE/new-units"
  rm "$STATE/new-units"
}
