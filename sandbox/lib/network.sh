# Changes the machine's network and kernel settings, and undoes each change: the bridge, the sandbox's own nftables table,
# kube-proxy's tables, the chains of the CNI's portmap plugin, and sysctls. It must not touch anything that existed before.

# The kubelet sets all of these except the first, which pods need to reach the outside.
readonly SYSCTLS=(net.ipv4.ip_forward vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes)

# record_network: records the state before the first change. An existing record is kept, because it is older.
record_network() {
  [[ -f $STATE/sysctl ]] && return 0
  ! nft list tables | grep -q ' kube-proxy$' ||
    die "$EXIT_FAILED" "another Kubernetes node runs on this machine: kube-proxy's nftables already exist" \
      "use that cluster with appdev, or stop it first"
  nft list tables | write_file "$STATE/tables"
  iptables-save -t nat 2>/dev/null | sed -n 's/^:\(\S*\).*/\1/p' | write_file "$STATE/nat-chains"
  local name
  for name in "${SYSCTLS[@]}"; do
    printf '%s %s\n' "/proc/sys/${name//./\/}" "$(cat "/proc/sys/${name//./\/}")"
  done | write_file "$STATE/sysctl"
}

network_up() {
  load_modules
  if ! ip link show "$SANDBOX" >/dev/null 2>&1; then
    # With its own MAC address, the bridge does not take over the changing addresses of pods.
    ip link add name "$SANDBOX" address "$BRIDGE_MAC" type bridge
    attach_pods
  fi
  # Packets between two pods on the bridge must pass the packet filter too, so that a service's address is restored in answers.
  ip link set "$SANDBOX" type bridge nf_call_iptables 1
  ip address replace "$NODE_IP/${POD_RANGE#*/}" dev "$SANDBOX"
  ip link set "$SANDBOX" up
  echo 1 >/proc/sys/net/ipv4/ip_forward
  nft --file - <<<"$(render sandbox.nft)"
}

# attach_pods: connects pods that outlived the old bridge to the new one. The CNI's results have the name of each pod's link.
attach_pods() {
  local link
  while read -r link; do
    ip link set "$link" master "$SANDBOX" 2>/dev/null && ip link set "$link" type bridge_slave hairpin on || true
  done < <(jq -r '.result.interfaces[] | select(.sandbox == null) | .name' /var/lib/cni/results/"$SANDBOX"-* 2>/dev/null)
}

# load_modules: loads kernel modules, unless the kernel has them built in.
load_modules() {
  if [[ ! -e /proc/sys/net/bridge ]] && modprobe br_netfilter 2>/dev/null; then
    # Loading it turns on the filter for every bridge of the machine, but only the sandbox's bridge needs it.
    echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables
    touch "$STATE/br_netfilter-loaded"
  fi
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
    die "$EXIT_UNSUPPORTED" "containers need the overlay file system, but this kernel does not have it" "use kind or minikube on another machine"
}

network_down() {
  local link
  for link in $(ip -o link show master "$SANDBOX" 2>/dev/null | sed -n 's/^[0-9]*: \([^@:]*\).*/\1/p') "$SANDBOX"; do
    ip link delete "$link" 2>/dev/null || true
  done
  local table
  for table in "ip $SANDBOX" "ip kube-proxy" "ip6 kube-proxy"; do
    # shellcheck disable=SC2086 # family and name
    nft delete table $table 2>/dev/null || true
  done
  remove_host_port_chains
  remove_new_tables
  restore_sysctls
  if [[ -f $STATE/br_netfilter-loaded ]]; then
    modprobe --remove br_netfilter 2>/dev/null || true
  fi
}

# remove_host_port_chains: removes what the portmap plugin leaves: its chains, and the rules of killed pods. Every rule names
# its CNI network. A chain is removed if no rule of another network needs it.
remove_host_port_chains() {
  [[ -f $STATE/nat-chains ]] || return 0
  local nat mark="name: \\\"$SANDBOX\\\"" ours chain
  local -a chains
  nat=$(iptables-save -t nat 2>/dev/null) || return 0
  ours=$(grep -F "$mark" <<<"$nat" || true)
  mapfile -t chains < <(
    sed -n 's/.* -j \(CNI-DN-.*\)$/\1/p' <<<"$ours"
    grep '^-A CNI-HOSTPORT-DNAT ' <<<"$nat" | grep -qvF "$mark" ||
      sed -n 's/^:\(CNI-HOSTPORT-[^ ]*\) .*/\1/p' <<<"$nat" | grep -vxFf "$STATE/nat-chains"
  )
  ((${#chains[@]} > 0)) || return 0
  {
    echo '*nat'
    # First the rules that refer to the chains, then the chains' contents, then the chains: one in use cannot be deleted.
    for chain in "${chains[@]}"; do
      grep -E "^-A .* -j $chain\$" <<<"$nat" | sed 's/^-A/-D/' || true
    done
    printf -- '-F %s\n' "${chains[@]}"
    printf -- '-X %s\n' "${chains[@]}"
    echo COMMIT
  } | iptables-restore --noflush || warn "could not remove the host port rules from the nat table"
}

# remove_new_tables: removes the tables that iptables created, if they are new and have no rule.
remove_new_tables() {
  [[ -f $STATE/tables ]] || return 0
  local table
  while read -r table; do
    # shellcheck disable=SC2086 # `table`, family and name
    nft list $table | grep -qvE '^\s*(table|chain|type|#|\}|$)' || nft delete $table
  done < <(nft list tables | grep -E '^table ip6? (nat|filter|mangle|raw|security)$' | grep -vxFf "$STATE/tables")
}

restore_sysctls() {
  [[ -f $STATE/sysctl ]] || return 0
  local file value
  while read -r file value; do
    [[ $(<"$file") == "$value" ]] || echo "$value" >"$file"
  done <"$STATE/sysctl"
}

# port_taken PORT: succeeds if something listens on PORT, on any address.
port_taken() {
  [[ -n $(ss -Hltn "sport = :$1") ]]
}

# choose_ports: for each NAME=PORT below, sets NAME to PORT or, if that is taken, to the next free port. Ports are chosen only
# once, because the kubeconfig and the names of images contain them.
choose_ports() {
  if [[ ! -f $STATE/ports ]]; then
    # A port that another part has been given counts as taken, so that no two parts get the same one.
    local wanted name port chosen=' '
    for wanted in REGISTRY_PORT=5001 APISERVER_PORT=6443 KUBELET_PORT=10250 KUBELET_HEALTH_PORT=10248 \
      CONTROLLER_MANAGER_PORT=10257 SCHEDULER_PORT=10259 PROXY_HEALTH_PORT=10256 PROXY_METRICS_PORT=10249 DNS_READY_PORT=8181; do
      name=${wanted%=*} port=${wanted#*=}
      while port_taken "$port" || [[ $chosen == *" $port "* ]]; do
        ((++port))
      done
      chosen+="$port "
      [[ $port == "${wanted#*=}" ]] || say "port ${wanted#*=} is taken by another program; the sandbox's ${name,,} is $port"
      printf '%s=%s\n' "$name" "$port"
    done | write_file "$STATE/ports"
    [[ -z $(ss -Hlun "sport = :53" | awk '$4 ~ /^(0\.0\.0\.0|\*|\[::\]):53$/') ]] ||
      die "$EXIT_FAILED" "another program uses port 53 on every address, but the sandbox's DNS needs it on $NODE_IP" \
        "bind that program to the addresses it serves, for example 127.0.0.1"
  fi
  load_ports
}

# load_ports: sets the variables for the chosen ports.
load_ports() {
  local name port
  while IFS='=' read -r name port; do
    printf -v "$name" '%s' "$port"
  done <"$STATE/ports"
  REGISTRY="localhost:$REGISTRY_PORT"
}
