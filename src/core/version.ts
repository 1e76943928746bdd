/** The version of this program. */
declare const __APPDEV_VERSION__: string | undefined;

/** From package.json at bundling time; `0.0.0-dev` when the sources run unbundled, as in unit tests. */
export const version: string = typeof __APPDEV_VERSION__ === 'string' ? __APPDEV_VERSION__ : '0.0.0-dev';
