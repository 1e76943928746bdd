/** Every label and annotation that appdev writes on images and on objects of a cluster, each with what its value says. */

/** On every image of ours: the project's name. Labels of images have dots where those of objects have a slash. */
export const imageProjectLabel = 'dev.appdev.project';
/** On every image of ours: the service's name. */
export const imageServiceLabel = 'dev.appdev.service';

/** Label with the project's name, on objects and on Helm's release records. */
export const projectLabel = 'dev.appdev/project';
/** Label with the service's name. */
export const serviceLabel = 'dev.appdev/service';
/** Label that says whether what is deployed goes at the end of its session. Without it, what is deployed stays. */
export const lifetimeLabel = 'dev.appdev/lifetime';
/**
 * Label with a hash over what was rendered but for the image. Where it is still the same, helm has checked these objects
 * against the API server's schemas before, and need not fetch the schemas again: 0.2 s of each save.
 */
export const shapeLabel = 'dev.appdev/shape';

/** Label on a release record with the mark of the helm process that works on it. */
export const helmHolderLabel = 'dev.appdev/holder';
/** Annotation on a pending record with the mark of the helm process that repairs it. */
export const repairAnnotation = 'dev.appdev/repair';

/** Annotation of a namespace that appdev created; its value is the project's name. */
export const createdForAnnotation = 'dev.appdev/created-for';

/** Label of every pod and Secret of a build; its value is the project's name. */
export const buildLabel = 'dev.appdev/build';
/** Label of doctor's pods; its value is the project's name. */
export const probeLabel = 'dev.appdev/doctor';
/** Annotation that says which session made a pod, so that another one can tell whether that still lives. */
export const holderAnnotation = 'dev.appdev/holder';
/** Annotation with the place in which the holder's pid means something. */
export const placeAnnotation = 'dev.appdev/holder-place';
