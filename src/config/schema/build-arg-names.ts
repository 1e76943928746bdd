/** Which build arguments have the name of a setting that the builder itself reads from its environment. */

/** Go's and libc's settings, those of containers/{common,image,storage} and of Buildah, proxies, and appdev's own. */
const settings =
  /^(PATH|HOME|USER|SHELL|TMPDIR|TZ|SSL_CERT_\w+|GO\w+|LD_\w+|LC_\w+|LANG|XDG_\w+|DBUS_\w+|BUILDAH_\w+|CONTAINERS_\w+|_CONTAINERS_\w+|STORAGE_\w+|REGISTRY_\w+|DOCKER_\w+|SOURCE_DATE_EPOCH|KUBECONFIG|APPDEV_\w+|(https?|ftp|all|no)_proxy)$/i;

/** True where a variable of this name in the builder's environment would change the builder, and not the build alone. */
export function steersBuilder(name: string): boolean {
  return settings.test(name);
}
