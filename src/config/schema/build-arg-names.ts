/** Tells build arguments apart from settings that the builder reads from its environment under the same names. */

/** Settings of Go, libc, containers/{common,image,storage}, Buildah, proxies and appdev itself. */
const settings =
  /^(PATH|HOME|USER|SHELL|TMPDIR|TZ|SSL_CERT_\w+|GO\w+|LD_\w+|LC_\w+|LANG|XDG_\w+|DBUS_\w+|BUILDAH_\w+|CONTAINERS_\w+|_CONTAINERS_\w+|STORAGE_\w+|REGISTRY_\w+|DOCKER_\w+|SOURCE_DATE_EPOCH|KUBECONFIG|APPDEV_\w+|(https?|ftp|all|no)_proxy)$/i;

/** True if a variable of this name in the builder's environment would change the builder, not only the build. */
export function steersBuilder(name: string): boolean {
  return settings.test(name);
}
