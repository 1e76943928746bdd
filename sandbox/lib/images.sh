# Makes the two images that every cluster starts with: `pause`, which holds a pod's namespaces, and a Java runtime as a base
# image. They are made without a container engine, kept in the cache as OCI layouts under a hash of their inputs, and copied
# into the registry. This file must not use or change the user's container storage.

readonly JAVA_SUITE=bookworm
readonly JAVA_PACKAGES=openjdk-$JAVA_VERSION-jre-headless,ca-certificates
# 2024-01-01, the time of every file in the images. (Java's key store and class archive still differ each time they are made,
# and so does the layer's digest.)
readonly IMAGE_EPOCH=1704067200

# prepare_images: makes the images that are not in the cache.
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

# pause_root TAR: writes the root file system of the pause image to TAR.
pause_root() {
  tar --create --file "$1" --directory "$CACHE/programs" --dereference --owner 0 --group 0 --numeric-owner \
    --mtime "@$IMAGE_EPOCH" --mode 0755 --transform 's,.*,pause,' "$(basename "$(readlink "$STATE/bin/pause")")"
}

# java_root TAR: writes a minimal Debian with a Java runtime, without documentation, to TAR.
java_root() {
  # The package of the runtime makes links in man1 and fails if the folder is missing.
  # shellcheck disable=SC2016 # the hook's own $1
  (SOURCE_DATE_EPOCH=$IMAGE_EPOCH tied mmdebstrap --mode=root --variant=essential --include="$JAVA_PACKAGES" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --essential-hook='mkdir -p "$1/usr/share/man/man1"' "$JAVA_SUITE" "$1")
}

# make_image LAYOUT ROOT_FUNCTION CONFIG: makes an OCI layout with one layer. ROOT_FUNCTION writes the layer's tar. CONFIG is
# the image's `config` object. The history has one entry, because Buildah's layer cache needs one for each layer.
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

# add_blob LAYOUT FILE: moves FILE into the layout under its digest, and prints the digest without the algorithm.
add_blob() {
  local digest
  digest=$(sha256sum <"$2" | cut -d ' ' -f 1)
  mv "$2" "$1/blobs/sha256/$digest"
  printf '%s\n' "$digest"
}

# descriptor LAYOUT DIGEST MEDIA_TYPE: prints the descriptor of the blob.
descriptor() {
  printf '{"mediaType": "%s", "digest": "sha256:%s", "size": %d}\n' "$3" "$2" "$(stat -c %s "$1/blobs/sha256/$2")"
}

# publish_images: pushes both images to the registry.
publish_images() {
  publish "$PAUSE_LAYOUT" appdev/pause:1
  publish "$JAVA_LAYOUT" "appdev/java:$JAVA_VERSION"
}

# publish LAYOUT NAME:TAG: pushes the image unless the tag is already this image.
publish() {
  local layout=$1 name=$2 digest
  digest=$(jq -r '.manifests[0].digest' "$layout/index.json")
  ! curl -fsI -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    "http://127.0.0.1:$REGISTRY_PORT/v2/${name%:*}/manifests/${name#*:}" 2>/dev/null | grep -q "$digest" || return 0
  skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci:$layout" "docker://127.0.0.1:$REGISTRY_PORT/$name" ||
    die "$EXIT_FAILED" "could not push $REGISTRY/$name" "see $STATE/log/registry.log"
}
