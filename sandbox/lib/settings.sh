# Names, versions, address ranges and folders of the sandbox: the constants that several files use. Reading this file must not
# do anything else.

# The versions that each go.mod pins. They are repeated here for the binaries' own version output and for messages.
readonly KUBERNETES_VERSION=1.34.4
readonly HELM4_VERSION=4.3.1
readonly HELM3_VERSION=3.22.0
readonly KUSTOMIZE_VERSION=5.8.1
readonly COREDNS_VERSION=1.14.7
readonly BUILDKIT_VERSION=0.25.2
readonly JAVA_VERSION=17

# The name of the node, the bridge (at most 15 characters), the nftables table, the control groups and the context.
readonly SANDBOX=appdev-sandbox

# 198.18.0.0/15 is reserved for tests of network devices (RFC 2544), so no real address is hidden by it.
readonly NODE_IP=198.18.0.1
readonly POD_RANGE=198.18.0.0/24
readonly SERVICE_RANGE=198.18.128.0/20
readonly KUBERNETES_SERVICE_IP=198.18.128.1
readonly BRIDGE_MAC=02:61:70:70:00:01

readonly CACHE=${APPDEV_SANDBOX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/appdev-sandbox}
readonly DEFAULT_STATE=/var/lib/appdev-sandbox
# Not readonly, because a sandbox that already runs decides where its state is (see owner.sh).
STATE=${APPDEV_SANDBOX_STATE:-$DEFAULT_STATE}

# A machine has only one sandbox, because its bridge, ranges and registry name are fixed. These two files say whose it is.
readonly LOCK_FILE=/run/lock/appdev-sandbox.lock
readonly RUNNING_STATE_LINK=/run/appdev-sandbox

# The exit codes of `sandbox/cluster`.
readonly EXIT_FAILED=1 EXIT_USAGE=2 EXIT_NOT_RUNNING=3 EXIT_UNSUPPORTED=4
