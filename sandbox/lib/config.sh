# Writes the parts' configuration files from the templates in sandbox/etc. This file must not start anything.

# render TEMPLATE: prints sandbox/etc/TEMPLATE. Every $(NAME) in the list below is replaced by the shell variable NAME.
render() {
  local text name
  text=$(<"$CHECKOUT/sandbox/etc/$1")
  for name in STATE SANDBOX NODE_IP POD_RANGE SERVICE_RANGE REGISTRY REGISTRY_PORT REGISTRY_ADDRESS KUBELET_PORT \
    KUBELET_HEALTH_PORT PROXY_HEALTH_PORT PROXY_METRICS_PORT DNS_READY_PORT DNS_FORWARD RESOLV_CONF; do
    text=${text//"\$($name)"/"${!name:-}"}
  done
  printf '%s\n' "$text"
}

# write_configs: writes the configuration of every part below STATE.
write_configs() {
  local RESOLV_CONF=/etc/resolv.conf DNS_FORWARD='' REGISTRY_ADDRESS name
  # The stub of systemd-resolved listens on a loopback address, which a pod cannot reach.
  [[ ! -f /run/systemd/resolve/resolv.conf ]] || RESOLV_CONF=/run/systemd/resolve/resolv.conf
  if grep -q '^nameserver' "$RESOLV_CONF" 2>/dev/null; then
    DNS_FORWARD="forward . $RESOLV_CONF"
  fi
  install -d -m 0700 "$STATE/cni/conf"
  render cni.conflist | write_file "$STATE/cni/conf/10-$SANDBOX.conflist"
  for name in containerd.toml kubelet.yaml proxy.yaml dns.corefile objects.yaml; do
    render "$name" | write_file "$STATE/etc/$name"
  done
  # The registry has two names: one for this machine and the node, and one for pods.
  REGISTRY_ADDRESS=127.0.0.1:$REGISTRY_PORT
  render registry.yaml | write_file "$STATE/etc/registry.yaml"
  REGISTRY_ADDRESS=$NODE_IP:$REGISTRY_PORT
  render registry.yaml | write_file "$STATE/etc/registry-node.yaml"
  for REGISTRY_ADDRESS in "$REGISTRY" "127.0.0.1:$REGISTRY_PORT" "$NODE_IP:$REGISTRY_PORT"; do
    install -d -m 0700 "$STATE/containerd/certs.d/$REGISTRY_ADDRESS"
    render hosts.toml | write_file "$STATE/containerd/certs.d/$REGISTRY_ADDRESS/hosts.toml"
  done
}
