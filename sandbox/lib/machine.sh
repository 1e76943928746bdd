# Whether this machine can run the sandbox at all, and what to use instead where it cannot. Must change nothing.

readonly INSTEAD=("use kind (https://kind.sigs.k8s.io) or minikube (https://minikube.sigs.k8s.io) instead:"
  "appdev finds either by its context in your kubeconfig")

# require_machine: ends the command unless it is run as root on a Linux that can run containers.
require_machine() {
  [[ $(uname -s) == Linux ]] ||
    die "$EXIT_UNSUPPORTED" "the sandbox needs Linux; this is $(uname -s)" "${INSTEAD[@]}"
  ((EUID == 0)) ||
    die "$EXIT_UNSUPPORTED" "the sandbox needs root: it mounts, makes a bridge and runs a kubelet" \
      "run it as root (sudo env PATH=\"\$PATH\" sandbox/cluster …), or" "${INSTEAD[@]}"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) die "$EXIT_UNSUPPORTED" "the sandbox was made for x86-64 and arm64; this is $(uname -m)" "${INSTEAD[@]}" ;;
  esac
  [[ -n $(awk '$3 ~ /^cgroup/' /proc/self/mounts) ]] ||
    die "$EXIT_UNSUPPORTED" "no control groups are mounted below /sys/fs/cgroup, which containers need" "${INSTEAD[@]}"
}

# require_apt: only where a package is missing.
require_apt() {
  command -v apt-get >/dev/null ||
    die "$EXIT_UNSUPPORTED" "these commands are missing and there is no apt-get to install them with: $*" \
      "install them by hand, or" "${INSTEAD[@]}"
}

# require_go: builds what the cache lacks, and its version says which of the cached programs fit. Helm asks for the newest
# Go of all.
require_go() {
  PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null ||
    die "$EXIT_UNSUPPORTED" "Go is missing: Kubernetes, Helm, Kustomize and CoreDNS are built from their Go modules" \
      "install Go 1.26 or newer, or" "${INSTEAD[@]}"
  local version
  version=$(go env GOVERSION)
  [[ $(go env GOTOOLCHAIN) != local || $(printf '%s\n' go1.26 "$version" | sort -V | head -n 1) == go1.26 ]] ||
    die "$EXIT_UNSUPPORTED" "Go is too old: it is $version, and Helm $HELM4_VERSION needs go1.26" \
      "install Go 1.26 or newer, or" "${INSTEAD[@]}"
}
