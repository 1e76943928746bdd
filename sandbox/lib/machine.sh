# Checks whether this machine can run the sandbox, and says what to use instead if it cannot. This file must change nothing.

readonly INSTEAD=("use kind (https://kind.sigs.k8s.io) or minikube (https://minikube.sigs.k8s.io) instead:"
  "appdev finds both by their context in your kubeconfig")

# require_machine: ends the command unless it runs as root on a Linux that can run containers.
require_machine() {
  [[ $(uname -s) == Linux ]] ||
    die "$EXIT_UNSUPPORTED" "the sandbox needs Linux; this is $(uname -s)" "${INSTEAD[@]}"
  ((EUID == 0)) ||
    die "$EXIT_UNSUPPORTED" "the sandbox needs root, because it mounts file systems, makes a network bridge and runs a kubelet" \
      "run it as root (sudo env PATH=\"\$PATH\" sandbox/cluster …), or" "${INSTEAD[@]}"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) die "$EXIT_UNSUPPORTED" "the sandbox supports x86-64 and arm64; this is $(uname -m)" "${INSTEAD[@]}" ;;
  esac
  [[ -n $(awk '$3 ~ /^cgroup/' /proc/self/mounts) ]] ||
    die "$EXIT_UNSUPPORTED" "containers need control groups, but none are mounted below /sys/fs/cgroup" "${INSTEAD[@]}"
}

# require_apt COMMAND…: ends the command unless apt-get can install the missing COMMANDs.
require_apt() {
  command -v apt-get >/dev/null ||
    die "$EXIT_UNSUPPORTED" "these commands are missing, and there is no apt-get to install them: $*" \
      "install them by hand, or" "${INSTEAD[@]}"
}

# require_go: ends the command unless Go is there and new enough. Go is always needed, because its version is part of the key
# of cached programs. Helm needs the newest version of all.
require_go() {
  PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null ||
    die "$EXIT_UNSUPPORTED" "Go is missing; it builds Kubernetes, Helm, Kustomize and CoreDNS from their modules" \
      "install Go 1.26 or newer, or" "${INSTEAD[@]}"
  local version
  version=$(go env GOVERSION)
  [[ $(go env GOTOOLCHAIN) != local || $(printf '%s\n' go1.26 "$version" | sort -V | head -n 1) == go1.26 ]] ||
    die "$EXIT_UNSUPPORTED" "Go is too old: this is $version, but Helm $HELM4_VERSION needs go1.26" \
      "install Go 1.26 or newer, or" "${INSTEAD[@]}"
}
