/** The version of this program. */
declare const __APPDEV_VERSION__: string | undefined;

/** The version in package.json at the time of bundling; `0.0.0-dev` if the sources run unbundled, as in unit tests. */
export const version: string = typeof __APPDEV_VERSION__ === 'string' ? __APPDEV_VERSION__ : '0.0.0-dev';
