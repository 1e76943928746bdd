/**
 * Every failure that appdev expects, as data: a code, one line of what happened, and what to type next.
 * The code decides the exit code and has a section in docs/errors.md. Exceptions are bugs and become `INTERNAL`.
 */
import type { Diagnostic } from './diagnostic.ts';

/**
 * Exit code of each error code: 1 ours, 2 usage or config, 3 source build, 4 image build, 5 push or registry,
 * 6 render or policy, 7 deploy, 8 rollout unhealthy, 9 refused by a guard, 10 stopped
 * by a scan. A session that a signal or a deadline ended has no error: 128+n, 124.
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

/** What kind of failure it is; stable, documented in docs/errors.md, and what scripts may match on. */
export type ErrorCode = keyof typeof exitCodes;

/** One failure. Plain data, so that it can be an event, a JSON line and a test's expectation. */
export interface AppdevError {
  readonly code: ErrorCode;
  /** What happened, to which object, and why, in one line. */
  readonly message: string;
  /** What to type or change next. */
  readonly hint?: string;
  /** The places in the user's files that caused it. */
  readonly diagnostics?: readonly Diagnostic[];
  /** Evidence, most telling line last: the last lines of a tool's output, of a crashed container's log. */
  readonly evidence?: readonly string[];
  /** Set where the code's exit code does not fit, e.g. DISK_FULL while the jar was built (3), or SIGTERM (143). */
  readonly exit?: number;
}

/** The parts of an error beside its code and message. */
export type ErrorDetails = Omit<AppdevError, 'code' | 'message'>;

/** Makes an error value. */
export function appdevError(code: ErrorCode, message: string, details: ErrorDetails = {}): AppdevError {
  return { code, message, ...details };
}

/** The process exit code that an error leads to. */
export function exitCodeOf(error: AppdevError): number {
  return error.exit ?? exitCodes[error.code];
}
