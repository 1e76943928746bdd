/** All labels and annotations that appdev writes on images and on objects of a cluster, with the meaning of their values. */

/** The project's name, on every image that appdev builds. Labels of images have a dot instead of the slash of objects. */
export const imageProjectLabel = 'dev.appdev.project';
/** The service's name, on every image that appdev builds. */
export const imageServiceLabel = 'dev.appdev.service';

/** Label with the project's name, on objects and on Helm's release records. */
export const projectLabel = 'dev.appdev/project';
/** Label with the service's name. */
export const serviceLabel = 'dev.appdev/service';
/**
 * The command. As a label of releases and inventories: the one that deployed last. As an annotation of a namespace's
 * Lease: the one that holds it.
 */
export const commandKey = 'dev.appdev/command';
/** Label that says whether an object is removed at the end of its session. Without the label, it stays. */
export const lifetimeLabel = 'dev.appdev/lifetime';
/** Label with the user who deployed it last, `user@host`: the `dev` of another user does not remove it. */
export const userLabel = 'dev.appdev/user';
/**
 * Label with a hash over everything that was rendered, except the image. If it has not changed, helm has already checked
 * these objects against the API server's schemas and need not fetch the schemas again. That saves 0.2 s of each save.
 */
export const shapeLabel = 'dev.appdev/shape';

/** Label on a release record. Its value identifies the helm process that works on it. */
export const helmHolderLabel = 'dev.appdev/holder';
/** Annotation on a pending record. Its value identifies the helm process that repairs it. */
export const repairAnnotation = 'dev.appdev/repair';

/** Annotation of a namespace that appdev created. Its value is the project's name. */
export const createdForAnnotation = 'dev.appdev/created-for';

/** Label of every pod and Secret of a build. Its value is the project's name. */
export const buildLabel = 'dev.appdev/build';
/** Label of doctor's pods. Its value is the project's name. */
export const probeLabel = 'dev.appdev/doctor';
/** Annotation with the process that made a pod, so that another session can tell whether that process is still alive. */
export const holderAnnotation = 'dev.appdev/holder-process';
/** The same on pods of earlier versions. It is only read: Helm's releases have a label with this key. */
export const olderHolderAnnotation = 'dev.appdev/holder';
/** Annotation with the place (the machine's boot and the pid namespace) in which the holder's process id is valid. */
export const placeAnnotation = 'dev.appdev/holder-place';
