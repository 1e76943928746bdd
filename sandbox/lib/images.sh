# The two images that every cluster starts with: `pause`, which holds a pod's namespaces, and a Java runtime to build on.
# Both are made without a container engine, kept in the cache as OCI layouts by a hash of their inputs, and copied into the
# registry. Must not use or change anybody's container storage.

readonly JAVA_SUITE=bookworm
readonly JAVA_PACKAGES=openjdk-$JAVA_VERSION-jre-headless,ca-certificates
# 2024-01-01, the time of every file in the images. (Java's key store and class archive still differ from one making to the
# next, and the layer's digest with them.)
readonly IMAGE_EPOCH=1704067200

# prepare_images: makes what the cache lacks.
prepare_images() {
  rm -rf --one-file-system "$CACHE"/image.* # of a command that was killed
  PAUSE_LAYOUT=$CACHE/images/$(basename "$(readlink "$STATE/bin/pause")")
  [[ -d $PAUSE_LAYOUT ]] || make_image "$PAUSE_LAYOUT" pause_root '{"Entrypoint": ["/pause"]}'

  local arch key
  arch=$(dpkg --print-architecture)
  key=$(printf '%s\n' "$JAVA_SUITE" "$JAVA_PACKAGES" "$arch" "$(declare -f java_root make_image)" | sha256sum | cut -c 1-16)
  JAVA_LAYOUT=$CACHE/images/java-$JAVA_VERSION-$key
  if [[ ! -d $JAVA_LAYOUT ]]; then
    say "making the Java $JAVA_VERSION base image from Debian packages, usually 1 min, once"
    make_image "$JAVA_LAYOUT" java_root "$(jq -n --arg home "/usr/lib/jvm/java-$JAVA_VERSION-openjdk-$arch" '{
      Env: ["PATH=\($home)/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "JAVA_HOME=\($home)", "LANG=C.UTF-8"],
      Cmd: ["/bin/sh"]}')"
  fi
}

# pause_root TAR: the root file system of the pause image.
pause_root() {
  tar --create --file "$1" --directory "$CACHE/programs" --dereference --owner 0 --group 0 --numeric-owner \
    --mtime "@$IMAGE_EPOCH" --mode 0755 --transform 's,.*,pause,' "$(basename "$(readlink "$STATE/bin/pause")")"
}

# java_root TAR: a minimal Debian with a Java runtime, without documentation.
java_root() {
  # The runtime's package links into man1 and fails without it.
  # shellcheck disable=SC2016 # the hook's own $1
  (SOURCE_DATE_EPOCH=$IMAGE_EPOCH tied mmdebstrap --mode=root --variant=essential --include="$JAVA_PACKAGES" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --essential-hook='mkdir -p "$1/usr/share/man/man1"' "$JAVA_SUITE" "$1")
}

# make_image LAYOUT ROOT_FUNCTION CONFIG: an OCI layout of one layer; ROOT_FUNCTION writes the layer's tar, CONFIG is the
# image's `config` object. Buildah's layer cache refuses a base whose history does not have as many entries as layers.
make_image() {
  local layout=$1 root_function=$2 config=$3 new log=$STATE/log/images.log diff_id layer config_digest manifest
  new=$(make_cache_folder image)
  if ! TMPDIR=$new "$root_function" "$new/root.tar" >"$log" 2>&1 9>&- </dev/null; then
    tail -n 10 "$log" >&2
    die "$EXIT_FAILED" "the image ${layout##*/} could not be made" "the whole output is in $log"
  fi
  mkdir -p "$new/layout/blobs/sha256"
  diff_id=$(sha256sum <"$new/root.tar" | cut -d ' ' -f 1)
  gzip --no-name -5 <"$new/root.tar" >"$new/root.tar.gz"
  layer=$(add_blob "$new/layout" "$new/root.tar.gz")
  jq -cn --arg arch "$(dpkg --print-architecture)" --arg diff "sha256:$diff_id" --argjson config "$config" \
    '{architecture: $arch, os: "linux", config: $config, rootfs: {type: "layers", diff_ids: [$diff]},
      history: [{created_by: "appdev sandbox"}]}' >"$new/config.json"
  config_digest=$(add_blob "$new/layout" "$new/config.json")
  jq -cn --argjson config "$(descriptor "$new/layout" "$config_digest" application/vnd.oci.image.config.v1+json)" \
    --argjson layer "$(descriptor "$new/layout" "$layer" application/vnd.oci.image.layer.v1.tar+gzip)" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer]}' \
    >"$new/manifest.json"
  manifest=$(add_blob "$new/layout" "$new/manifest.json")
  jq -cn --argjson manifest "$(descriptor "$new/layout" "$manifest" application/vnd.oci.image.manifest.v1+json)" \
    '{schemaVersion: 2, manifests: [$manifest]}' >"$new/layout/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$new/layout/oci-layout"
  mkdir -p "$CACHE/images"
  mv -T "$new/layout" "$layout"
  rm -rf "$new"
}

# add_blob LAYOUT FILE: moves FILE into the layout under its digest, and prints the digest without its algorithm.
add_blob() {
  local digest
  digest=$(sha256sum <"$2" | cut -d ' ' -f 1)
  mv "$2" "$1/blobs/sha256/$digest"
  printf '%s\n' "$digest"
}

# descriptor LAYOUT DIGEST MEDIA_TYPE: prints the blob's descriptor.
descriptor() {
  printf '{"mediaType": "%s", "digest": "sha256:%s", "size": %d}\n' "$3" "$2" "$(stat -c %s "$1/blobs/sha256/$2")"
}

# publish_images: into the registry, unless it has them.
publish_images() {
  publish "$PAUSE_LAYOUT" appdev/pause:1
  publish "$JAVA_LAYOUT" "appdev/java:$JAVA_VERSION"
}

# publish LAYOUT NAME:TAG: pushes the image unless the tag is this image already.
publish() {
  local layout=$1 name=$2 digest
  digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
  ! curl -fsI -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    "http://127.0.0.1:$REGISTRY_PORT/v2/${name%:*}/manifests/${name#*:}" 2>/dev/null | grep -q "$digest" || return 0
  skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci:$layout" "docker://127.0.0.1:$REGISTRY_PORT/$name" ||
    die "$EXIT_FAILED" "$REGISTRY/$name could not be pushed" "see $STATE/log/registry.log"
}
