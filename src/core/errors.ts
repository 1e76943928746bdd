/**
 * Every failure that appdev expects, as data: a code, one line that says what happened, and what to type next. The code
 * decides the exit code and has a section in docs/errors.md. Exceptions are bugs and become `INTERNAL`.
 */
import type { Diagnostic } from './diagnostic.ts';

/**
 * The exit code of each error code: 1 bug of appdev, 2 usage or configuration, 3 source build, 4 image build, 5 push or
 * registry, 6 rendering, 7 deploy, 8 unhealthy rollout, 9 refused by a guard, 10 stopped by a scan. A session that a
 * signal or a deadline ended has no error; it exits with 128 + n or 124.
 */
export const exitCodes = {
  INTERNAL: 1,
  USAGE: 2,
  CONFIG_NOT_FOUND: 2,
  CONFIG_INVALID: 2,
  PROFILE_UNKNOWN: 2,
  SERVICE_UNKNOWN: 2,
  KUBECONFIG_INVALID: 2,
  TOOL_MISSING: 2,
  TOOL_TOO_OLD: 2,
  SOURCE_BUILD_FAILED: 3,
  TESTS_FAILED: 3,
  JAR_NOT_FOUND: 3,
  JAR_AMBIGUOUS: 3,
  SOURCE_CHANGED: 3,
  IMAGE_BUILD_FAILED: 4,
  BASE_IMAGE_MISSING: 4,
  BUILD_POD_FAILED: 4,
  DISK_FULL: 4,
  REGISTRY_NOT_FOUND: 5,
  REGISTRY_UNREACHABLE: 5,
  REGISTRY_DENIED: 5,
  PUSH_FAILED: 5,
  PROJECT_MISSING: 5,
  TAG_IMMUTABLE: 5,
  QUOTA_EXCEEDED: 5,
  RENDER_FAILED: 6,
  CHART_MISSING: 6,
  IMAGE_NOT_USED: 6,
  IMAGE_MISSING: 6,
  DEPLOY_FAILED: 7,
  CLUSTER_UNREACHABLE: 7,
  CLUSTER_DENIED: 7,
  NAMESPACE_MISSING: 7,
  RELEASE_STUCK: 7,
  ROLLOUT_FAILED: 8,
  VERIFY_FAILED: 8,
  CONTEXT_REFUSED: 9,
  CONTEXT_NOT_NAMED: 9,
  REGISTRY_REFUSED: 9,
  RELEASE_FOREIGN: 9,
  OBJECT_FOREIGN: 9,
  DEPLOYED_OTHERWISE: 9,
  VOLUME_CLAIMS: 9,
  NAMESPACE_LOCKED: 9,
  SCAN_GATE: 10,
  SCAN_INCOMPLETE: 10,
} as const;

/** The kind of a failure. Codes are stable and documented in docs/errors.md, so that scripts can rely on them. */
export type ErrorCode = keyof typeof exitCodes;

/** One failure. It is plain data, so that it can be part of an event, a line of JSON or an expectation of a test. */
export interface AppdevError {
  readonly code: ErrorCode;
  /** One line that says what happened, to which object, and why. */
  readonly message: string;
  /** What to type or change next. */
  readonly hint?: string;
  /** The places in the user's files that caused it. */
  readonly diagnostics?: readonly Diagnostic[];
  /** The last lines of a tool's output or of a crashed container's log. The most important line comes last. */
  readonly evidence?: readonly string[];
  /** The exit code, if it is not the one of `code`, e.g. 3 for DISK_FULL while the jar was built. */
  readonly exit?: number;
}

/** The optional parts of an error. */
export type ErrorDetails = Omit<AppdevError, 'code' | 'message'>;

/** Makes an error from a code, a message and optional parts. */
export function appdevError(code: ErrorCode, message: string, details: ErrorDetails = {}): AppdevError {
  return { code, message, ...details };
}

/** The exit code of the process for an error. */
export function exitCodeOf(error: AppdevError): number {
  return error.exit ?? exitCodes[error.code];
}
