# The parts of the cluster: the command line of each, when it is healthy, and how it is started, restarted and stopped. This
# file must not know the order of `up` and `down`, except for the order of the list.

# In the order in which they are started.
readonly PARTS=(etcd containerd registry registry-node apiserver controller-manager scheduler kubelet proxy dns)

# command_of PART: sets COMMAND to the part's command line.
command_of() {
  local etc=$STATE/etc pki=$STATE/etc/pki kubernetes=$STATE/bin/kubernetes
  case $1 in
    etcd)
      # Sockets instead of ports, so that only root reaches the store. The cluster is temporary and need not survive a power
      # cut, so fsync is off. This etcd accepts a socket only as a name like host:port in its working folder.
      COMMAND=(env --chdir "$STATE/etcd" etcd --name "$SANDBOX" --data-dir data --unsafe-no-fsync
        --logger zap --log-level warn
        --listen-client-urls unix://client:0 --advertise-client-urls unix://client:0
        --listen-peer-urls unix://peer:0 --initial-advertise-peer-urls unix://peer:0
        --initial-cluster "$SANDBOX=unix://peer:0")
      ;;
    containerd) COMMAND=(containerd --config "$etc/containerd.toml" --log-level warn) ;;
    registry | registry-node) COMMAND=(docker-registry serve "$etc/$1.yaml") ;;
    apiserver)
      # Debian's etcd cannot report the progress of a watch, but the estimate of list sizes waits for it.
      # shellcheck disable=SC2054 # commas within arguments
      COMMAND=("$kubernetes" kube-apiserver --etcd-servers "unix://$STATE/etcd/client:0"
        --bind-address "$NODE_IP" --advertise-address "$NODE_IP" --secure-port "$APISERVER_PORT"
        --tls-cert-file "$pki/apiserver-serving.crt" --tls-private-key-file "$pki/apiserver-serving.key"
        --client-ca-file "$pki/ca.crt" --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction
        --kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP
        --kubelet-client-certificate "$pki/apiserver-kubelet-client.crt"
        --kubelet-client-key "$pki/apiserver-kubelet-client.key"
        --service-account-issuer https://kubernetes.default.svc.cluster.local
        --service-account-key-file "$pki/service-account.pub"
        --service-account-signing-key-file "$pki/service-account.key"
        --service-cluster-ip-range "$SERVICE_RANGE" --allow-privileged
        --feature-gates SizeBasedListCostEstimate=false)
      ;;
    controller-manager)
      COMMAND=("$kubernetes" kube-controller-manager --kubeconfig "$etc/controller-manager.kubeconfig"
        --bind-address 127.0.0.1 --secure-port "$CONTROLLER_MANAGER_PORT" --cert-dir "$STATE/control/controller-manager"
        --leader-elect=false --use-service-account-credentials --root-ca-file "$pki/ca.crt"
        --service-account-private-key-file "$pki/service-account.key"
        --cluster-signing-cert-file "$pki/ca.crt" --cluster-signing-key-file "$pki/ca.key"
        --enable-hostpath-provisioner --flex-volume-plugin-dir "$STATE/kubelet/volume-plugins")
      ;;
    scheduler)
      COMMAND=("$kubernetes" kube-scheduler --kubeconfig "$etc/scheduler.kubeconfig" --leader-elect=false
        --bind-address 127.0.0.1 --secure-port "$SCHEDULER_PORT" --cert-dir "$STATE/control/scheduler")
      ;;
    kubelet)
      COMMAND=("$kubernetes" kubelet --config "$etc/kubelet.yaml" --kubeconfig "$etc/kubelet.kubeconfig"
        --root-dir "$STATE/kubelet" --cert-dir "$STATE/kubelet/pki" --hostname-override "$SANDBOX" --node-ip "$NODE_IP")
      ;;
    proxy) COMMAND=("$kubernetes" kube-proxy --config "$etc/proxy.yaml") ;;
    dns) COMMAND=("$STATE/bin/coredns" -conf "$etc/dns.corefile") ;;
  esac
}

# healthy PART: succeeds if the part answers.
healthy() {
  case $1 in
    etcd) get --unix-socket "$STATE/etcd/client:0" http://localhost/health | grep -q '"true"' ;;
    containerd) ctr --address "$STATE/containerd/containerd.sock" --timeout 2s plugins ls -q >/dev/null ;;
    registry) get "http://127.0.0.1:$REGISTRY_PORT/v2/" ;;
    registry-node) get "http://$NODE_IP:$REGISTRY_PORT/v2/" ;;
    apiserver) get --cacert "$STATE/etc/pki/ca.crt" "https://$NODE_IP:$APISERVER_PORT/readyz" ;;
    controller-manager) get --insecure "https://127.0.0.1:$CONTROLLER_MANAGER_PORT/healthz" ;;
    scheduler) get --insecure "https://127.0.0.1:$SCHEDULER_PORT/healthz" ;;
    kubelet) get "http://127.0.0.1:$KUBELET_HEALTH_PORT/healthz" ;;
    proxy) get "http://127.0.0.1:$PROXY_HEALTH_PORT/livez" ;;
    dns) get "http://127.0.0.1:$DNS_READY_PORT/ready" ;;
  esac
} 2>/dev/null

# get CURL_ARGUMENT…: prints the body of a successful answer. It never uses a proxy.
get() {
  curl --silent --fail --noproxy '*' --max-time 3 "$@"
}

# part_state PART: prints `running`, `unhealthy` or `stopped`.
part_state() {
  if ! recorded_pid "$1" >/dev/null; then
    echo stopped
  elif healthy "$1" >/dev/null; then
    echo running
  else
    echo unhealthy
  fi
}

# start_part PART: starts the part unless it runs. If it runs with another program or configuration, it is restarted.
start_part() {
  local part=$1 inputs pid
  local -a COMMAND
  command_of "$part"
  inputs=$(part_inputs "$part")
  if pid=$(recorded_pid "$part"); then
    [[ $(cat "$STATE/control/$part.inputs" 2>/dev/null) != "$inputs" ]] || return 0
    say "restarting $part (process $pid): its configuration has changed"
    stop_processes "$part"
  fi
  say "starting $part"
  # A killed etcd leaves its sockets, and its next start fails if they exist.
  [[ $part != etcd ]] || rm -f "$STATE"/etcd/*:0
  write_file "$STATE/control/$part.inputs" <<<"$inputs"
  start_process "$part" "${COMMAND[@]}"
}

# part_inputs PART: prints a hash of the part's command line, program and configuration.
part_inputs() {
  {
    printf '%s\n' "${COMMAND[@]}"
    basename "$(readlink -f "${COMMAND[0]}")"
    cat "$STATE/etc/$1".* 2>/dev/null || true
  } | sha256sum | cut -d ' ' -f 1
}

# await_part PART: waits until the part is healthy. If it does not answer, or ends, it is restarted once, because another part
# may have died under it. If that fails too, the last lines of its log are printed.
await_part() {
  local part=$1
  wait_until 30 healthy_or_dead "$part" || true
  healthy "$part" >/dev/null && return 0
  say "$part does not answer"
  stop_processes "$part"
  start_part "$part"
  wait_until 60 healthy_or_dead "$part" || true
  healthy "$part" >/dev/null && return 0
  tail -n 5 "$STATE/log/$part.log" >&2
  die "$EXIT_FAILED" "$part did not become healthy" "the whole log is in $STATE/log/$part.log" \
    "to try again: sandbox/cluster up; to remove everything: sandbox/cluster down"
}

healthy_or_dead() {
  healthy "$1" || ! recorded_pid "$1"
}

# parts_named WORD: prints the processes for a name that the user types. `registry` means one process for each of its names.
parts_named() {
  case " ${PARTS[*]} " in
    *" $1 "*) if [[ $1 == registry ]]; then echo registry registry-node; else echo "$1"; fi ;;
    *) die "$EXIT_USAGE" "there is no part '$1'" "parts: ${PARTS[*]}" ;;
  esac
}
