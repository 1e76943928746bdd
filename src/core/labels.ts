/**
 * Every label and annotation that appdev writes on images and on objects of a cluster, with the meaning of its value.
 */

/** On every image of ours: the project's name. Labels of images have a dot where those of objects have a slash. */
export const imageProjectLabel = 'dev.appdev.project';
/** On every image of ours: the service's name. */
export const imageServiceLabel = 'dev.appdev.service';

/** Label with the project's name, on objects and on Helm's release records. */
export const projectLabel = 'dev.appdev/project';
/** Label with the service's name. */
export const serviceLabel = 'dev.appdev/service';
/** Label that says whether a deployed service is removed at the end of its session. Without it, the service stays. */
export const lifetimeLabel = 'dev.appdev/lifetime';
/**
 * Label with a hash over the rendered objects without the image. If it is unchanged, helm has already checked these
 * objects against the API server's schemas and need not fetch them again. That saves 0.2 s at each save.
 */
export const shapeLabel = 'dev.appdev/shape';

/** Label on a release record: the mark of the helm process that works on it. */
export const helmHolderLabel = 'dev.appdev/holder';
/** Annotation on a pending record: the mark of the helm process that repairs it. */
export const repairAnnotation = 'dev.appdev/repair';

/** Annotation of a namespace that appdev created. Its value is the project's name. */
export const createdForAnnotation = 'dev.appdev/created-for';

/** Label of every pod and Secret of a build. Its value is the project's name. */
export const buildLabel = 'dev.appdev/build';
/** Label of doctor's pods. Its value is the project's name. */
export const probeLabel = 'dev.appdev/doctor';
/** Annotation that says which session made a pod, so that another session can tell whether that one is still alive. */
export const holderAnnotation = 'dev.appdev/holder';
/** Annotation that says where the holder's pid is valid. */
export const placeAnnotation = 'dev.appdev/holder-place';
