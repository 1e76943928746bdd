# Prints what is running: `status` for people and as JSON, and the shell lines of `env`. This file must change nothing and take
# no lock.

# status_json: prints one object: running (all parts answer and the node is ready), parts, node, registry and owner.
status_json() {
  local part parts='[]' node='' pid
  for part in "${PARTS[@]}"; do
    pid=$(recorded_pid "$part") || pid=null
    parts=$(jq -c --arg name "$part" --arg state "$(part_state "$part")" --argjson pid "$pid" \
      '. + [{name: $name, state: $state, pid: $pid}]' <<<"$parts")
  done
  node=$(node_state)
  jq -n --argjson parts "$parts" --arg node "$node" --arg state "$STATE" --arg owner "$(owner)" \
    --arg registry "$REGISTRY" --arg inCluster "$NODE_IP:$REGISTRY_PORT" --arg server "https://$NODE_IP:$APISERVER_PORT" '
    {running: ($node == "ready" and all($parts[]; .state == "running")), node: $node, parts: $parts, owner: $owner,
     state: $state, kubeconfig: "\($state)/kubeconfig", server: $server, registry: {host: $registry, inCluster: $inCluster}}'
}

# node_state: prints `ready`, `not ready`, or `unknown` if the API server does not answer.
node_state() {
  local ready
  ready=$(kubectl_admin get node "$SANDBOX" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null) ||
    { echo unknown && return 0; }
  if [[ $ready == True ]]; then echo ready; else echo 'not ready'; fi
}

# print_status: prints the output of status_json, from stdin, as a table.
print_status() {
  jq -r '
    "sandbox     \(if .running then "running" elif all(.parts[]; .state == "stopped") then "stopped" else "some parts do not run" end), node \(.node)",
    "started by  \(.owner)",
    "state       \(.state)",
    "kubeconfig  \(.kubeconfig)",
    "server      \(.server)",
    "registry    \(.registry.host), for pods \(.registry.inCluster)",
    "",
    (.parts[] | "\(.name)\t\(.state)\t\(.pid // "-")")' | expand -t 20,32
}

# print_env: prints shell lines for `eval "$(sandbox/cluster env)"`.
# shellcheck disable=SC2016 # expanded by the shell that reads it
print_env() {
  printf 'export KUBECONFIG=%q\n' "$STATE/kubeconfig"
  printf 'export PATH=%q:"$PATH"\n' "$STATE/bin"
  printf 'export APPDEV_SANDBOX_REGISTRY=%q\n' "$REGISTRY"
  printf 'export APPDEV_SANDBOX_REGISTRY_IN_CLUSTER=%q\n' "$NODE_IP:$REGISTRY_PORT"
  printf 'export APPDEV_SANDBOX_NODE_IP=%q\n' "$NODE_IP"
  printf 'export APPDEV_SANDBOX_JAVA_IMAGE=%q\n' "$REGISTRY/appdev/java:$JAVA_VERSION"
  # The base image in appdev.yaml of fixtures/spring-app.
  printf 'export APPDEV_BASE_IMAGE=%q\n' "$REGISTRY/appdev/java:$JAVA_VERSION"
  # Without this, tools would ask a company's proxy for the sandbox's own addresses.
  if [[ -n ${http_proxy:-}${HTTP_PROXY:-}${https_proxy:-}${HTTPS_PROXY:-} ]]; then
    printf 'export NO_PROXY="${NO_PROXY:+$NO_PROXY,}localhost,127.0.0.1,198.18.0.0/15,.svc"\n'
    printf 'export no_proxy="$NO_PROXY"\n'
  fi
}
