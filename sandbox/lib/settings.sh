# Names, versions, address ranges and folders of the sandbox: every constant that two files share, and none that one alone
# uses. Must not do anything when it is read.

# Versions are those that each go.mod pins; they are repeated here for what the binaries say of themselves and for messages.
readonly KUBERNETES_VERSION=1.34.4
readonly HELM4_VERSION=4.3.1
readonly HELM3_VERSION=3.22.0
readonly KUSTOMIZE_VERSION=5.8.1
readonly COREDNS_VERSION=1.14.7
readonly BUILDKIT_VERSION=0.25.2
readonly JAVA_VERSION=17

# One name for the node, the bridge (at most 15 characters), the nftables table, the control groups and the context.
readonly SANDBOX=appdev-sandbox

# 198.18.0.0/15 is set aside for tests of network devices (RFC 2544), so that nothing real is ever shadowed.
readonly NODE_IP=198.18.0.1
readonly POD_RANGE=198.18.0.0/24
readonly SERVICE_RANGE=198.18.128.0/20
readonly KUBERNETES_SERVICE_IP=198.18.128.1
readonly BRIDGE_MAC=02:61:70:70:00:01

readonly CACHE=${APPDEV_SANDBOX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/appdev-sandbox}
readonly DEFAULT_STATE=/var/lib/appdev-sandbox
# Not readonly: a sandbox that runs already decides where its state is (see owner.sh).
STATE=${APPDEV_SANDBOX_STATE:-$DEFAULT_STATE}

# One sandbox a machine: its bridge, ranges and registry name are fixed. These two say whose it is, wherever its state is.
readonly LOCK_FILE=/run/lock/appdev-sandbox.lock
readonly RUNNING_STATE_LINK=/run/appdev-sandbox

# What `sandbox/cluster` exits with.
readonly EXIT_FAILED=1 EXIT_USAGE=2 EXIT_NOT_RUNNING=3 EXIT_UNSUPPORTED=4
