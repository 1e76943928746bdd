# Builds programs from Go modules. They are kept in the cache, under a hash of everything that goes into them, and linked
# into STATE/bin. This file must not install anything outside the cache and the state folder.

# install_programs: builds the programs that are not in the cache, the slowest first, and links all of them.
install_programs() {
  local version="-X k8s.io/component-base/version" helm3=helm.sh/helm/v3
  rm -rf "$CACHE"/build.* # of a command that was killed; the lock says that no other is at work
  install_program kubernetes kubernetes . "$KUBERNETES_VERSION" "4 min" \
    "$version.gitVersion=v$KUBERNETES_VERSION $version.gitMajor=1 $version.gitMinor=34"
  install_program kubectl kubernetes k8s.io/kubernetes/cmd/kubectl "$KUBERNETES_VERSION" "30 s" \
    "$version.gitVersion=v$KUBERNETES_VERSION $version.gitMajor=1 $version.gitMinor=34"
  install_program helm4 helm helm.sh/helm/v4/cmd/helm "$HELM4_VERSION" "3 min" \
    "-X helm.sh/helm/v4/internal/version.version=v$HELM4_VERSION"
  # Helm 3 learns at build time which Kubernetes version `helm template` and `helm lint` assume. Both Helms share one module,
  # and so the 0.37 client libraries.
  install_program helm3 helm helm.sh/helm/v3/cmd/helm "$HELM3_VERSION" "10 s" \
    "-X $helm3/internal/version.version=v$HELM3_VERSION \
     -X $helm3/pkg/chartutil.k8sVersionMajor=1 -X $helm3/pkg/chartutil.k8sVersionMinor=37 \
     -X $helm3/pkg/lint/rules.k8sVersionMajor=1 -X $helm3/pkg/lint/rules.k8sVersionMinor=37"
  install_program coredns coredns . "$COREDNS_VERSION" "80 s" ""
  install_program kustomize kustomize sigs.k8s.io/kustomize/kustomize/v5 "$KUSTOMIZE_VERSION" "15 s" \
    "-X sigs.k8s.io/kustomize/api/provenance.version=v$KUSTOMIZE_VERSION"
  install_program pause pause . 1 "5 s" ""
  ln -sfn helm4 "$STATE/bin/helm"
}

# install_buildkit: builds BuildKit's daemon and its client, for tests of appdev.
install_buildkit() {
  local version=github.com/moby/buildkit/version.Version name
  rm -rf "$CACHE"/build.*
  for name in buildkitd buildctl; do
    install_program "$name" buildkit "github.com/moby/buildkit/cmd/$name" "$BUILDKIT_VERSION" "90 s" \
      "-X $version=v$BUILDKIT_VERSION"
  done
}

# install_program NAME MODULE PACKAGE VERSION USUALLY LDFLAGS: links STATE/bin/NAME to the program PACKAGE of
# sandbox/go/MODULE. Builds it if the cache has none with the same inputs. USUALLY is the time that takes on 2 cores.
install_program() {
  local name=$1 module=$CHECKOUT/sandbox/go/$2 package=$3 version=$4 usually=$5 ldflags="-s -w $6" key built new
  key=$(program_key "$module" "$package" "$ldflags")
  built=$CACHE/programs/$name-$version-$key
  if [[ ! -x $built ]]; then
    say "building $name $version from its Go module, usually $usually on 2 cores, once"
    new=$(make_cache_folder build)
    if ! (
      cd "$module"
      # The user's Go settings decide where modules come from, but not how this is built.
      export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off GOTMPDIR="$new"
      tied go build -trimpath -buildvcs=false -ldflags "$ldflags" -o "$new/$name" "$package"
    ) >"$new/log" 2>&1 9>&- </dev/null; then
      tail -n 15 "$new/log" >&2
      die "$EXIT_FAILED" "could not build $name $version" "the whole output is in $new/log" \
        "if modules could not be downloaded, set GOPROXY (go env GOPROXY: $(go env GOPROXY)) and run this again"
    fi
    mkdir -p "$CACHE/programs"
    mv "$new/$name" "$built"
    rm -r "$new"
  fi
  ln -sfn "$built" "$STATE/bin/$name"
}

# program_key MODULE_DIR PACKAGE LDFLAGS: prints a hash of everything that goes into the binary. All checkouts get the same.
program_key() {
  local file
  {
    go env GOVERSION GOARCH GOAMD64 GOARM64
    printf '%s\n' "$2" "$3"
    for file in go.mod go.sum main.go; do
      [[ ! -f $1/$file ]] || sha256sum <"$1/$file"
    done
  } | sha256sum | cut -c 1-16
}

# make_cache_folder PREFIX: makes a folder in the cache for unfinished work, and prints its path.
make_cache_folder() {
  mkdir -p "$CACHE"
  mktemp -d "$CACHE/$1.XXXXXX"
}
