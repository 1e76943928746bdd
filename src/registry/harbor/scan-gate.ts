/**
 * The gate between push and deploy in a Harbor. It stops an image if its project does not allow pulling it, or if the
 * scanner found something worse than appdev.yaml allows. Starts a scan if there is none, waits for its end and keeps
 * the report. Decides by the digest, so a tag that moves in the meantime changes nothing. No scan does not mean a clean
 * scan.
 */
import { join } from 'node:path';
import type { ScanConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { systemClock, type Clock } from '../../support/clock.ts';
import { writeState } from '../../support/files/state-file.ts';
import type { RegistryClient } from '../api/client.ts';
import { harborPath, type Harbor, type HarborPath } from './harbor.ts';
import { splitRegistryName } from '../reference.ts';
import {
  counts,
  countOf,
  findingsOf,
  hasEnded,
  isCounted,
  summaryOf,
  type Finding,
  type Scan,
} from './scan-overview.ts';

/** How the gate reports what it does. The reporter of a run's stages fits. */
export interface GateContext {
  readonly signal: AbortSignal;
  readonly report: {
    started(stage: 'scan'): void;
    output(stage: 'scan', stream: 'stdout' | 'stderr', line: string): void;
    finished(stage: 'scan', outcome: 'ok' | 'failed' | 'cancelled', detail?: string): void;
  };
}

/**
 * Judges a pushed image. Fails with SCAN_GATE if it must not be deployed, with SCAN_INCOMPLETE if that cannot be known,
 * and as the registry fails. If nothing asks for a scan, everything passes and no stage is reported.
 */
export type ScanGate = (artifact: Artifact, context: GateContext) => Promise<Outcome<void>>;

/** What the gate needs. */
export interface GateOptions {
  readonly harbor: Pick<Harbor, 'isHarbor' | 'artifact' | 'startScan' | 'report'>;
  readonly client: Pick<RegistryClient, 'pullability'>;
  /** Absent if the gate should only wait for what the project itself prevents. */
  readonly scan?: ScanConfig;
  /** Folder for the reports. */
  readonly reports: string;
  readonly clock?: Clock;
}

/** How long to wait for a project's own policy, in milliseconds. Equal to the default of the configured deadline. */
const policyDeadlineMs = 300_000;

/**
 * Time between two looks, in milliseconds. The first is short for images that were scanned before, the last spares
 * Harbor.
 */
const firstPauseMs = 250;
const lastPauseMs = 5000;

/** For how many looks an earlier scan's error may still be shown after a new scan was requested. */
const staleLooks = 3;

/** What to do if Harbor's answers about a finished scan do not fit together. */
const rescan = 'scan the image again in Harbor, then run this again';

/** Returns the gate of one registry. */
export function createScanGate(options: GateOptions): ScanGate {
  const { harbor, client, scan: config, reports, clock = systemClock } = options;
  const deadlineMs = config?.deadlineMs ?? policyDeadlineMs;

  return async (artifact, context) => {
    const { signal, report } = context;
    const { service, repository, digest } = artifact;
    const pull = await client.pullability(repository, digest, signal);
    if (pull.kind !== 'ok') return pull;
    if (config === undefined && pull.value.kind === 'allowed') return ok(undefined);
    const isHarbor = await harbor.isHarbor(signal);
    if (isHarbor.kind !== 'ok') return isHarbor;
    const path = harborPath(repository);
    if (!isHarbor.value || path === undefined) {
      const { host } = splitRegistryName(repository);
      return incomplete(
        service,
        `the registry ${host} is not a Harbor, or ${repository} is not in a project`,
        {
          hint: 'remove registry.harbor.scan from appdev.yaml, or push to the Harbor that scans',
        },
      );
    }
    report.started('scan');
    const judged = await judge(artifact, path, context);
    report.finished('scan', judged.kind, judged.kind === 'ok' ? judged.value : undefined);
    return judged.kind === 'ok' ? ok(undefined) : judged;
  };

  async function judge(artifact: Artifact, path: HarborPath, context: GateContext): Promise<Outcome<string>> {
    const scan = await endOfScan(artifact, path, context);
    if (scan.kind !== 'ok') return scan;
    const { signal } = context;
    const { service, repository, digest } = artifact;
    const report = await harbor.report(path, digest, signal);
    if (report.kind !== 'ok') return report;
    const file = join(reports, `scan-${service}-${digest.slice(7, 19)}.json`);
    const text = report.value === 'not allowed' ? undefined : report.value.text;
    const kept = await writeState(file, text === undefined ? scan.value : (JSON.parse(text) as unknown));
    if (kept.kind !== 'ok') return kept;
    const listed = text === undefined ? undefined : findingsOf(text);
    const findings = listed ?? [];
    const found = summaryOf(scan.value);
    if (config !== undefined) {
      if (!isCounted(scan.value)) {
        return incomplete(service, 'Harbor says that the scan succeeded, but not what it found', {
          hint: rescan,
        });
      }
      if (config.fixableOnly && text === undefined) {
        return incomplete(
          service,
          'the account is not allowed to read the report, but only the report says what is fixable',
          {
            hint: 'give the robot the right to read artifact additions, or remove fixableOnly from registry.harbor.scan',
          },
        );
      }
      const { total = 0 } = scan.value;
      if (config.fixableOnly && (listed === undefined || listed.length < total)) {
        const has = listed === undefined ? 'there is no report' : `the report lists ${listed.length}`;
        return incomplete(
          service,
          `the scan counted ${total} in all, but ${has}, and only the report says what is fixable`,
          { hint: rescan },
        );
      }
      const bad = findings.filter(
        ({ severity, fixVersion }) => counts(severity, config.severity) && fixVersion !== '',
      );
      const count = config.fixableOnly ? bad.length : countOf(scan.value, config.severity);
      if (count > 0) {
        const which = `${count} ${config.fixableOnly ? 'fixable ' : ''}${count === 1 ? 'vulnerability' : 'vulnerabilities'} of severity ${config.severity} or worse`;
        const why = `the scan found ${which} (in all: ${found})`;
        return stopped(artifact, { why, findings, file, exception: ownException });
      }
    }
    const pull = await client.pullability(repository, digest, signal);
    if (pull.kind !== 'ok') return pull;
    if (pull.value.kind === 'prevented') {
      const why = `its project does not allow pulling it: ${pull.value.words}`;
      return stopped(artifact, { why, findings, file, exception: projectException });
    }
    return ok(`${found}, ${digest.slice(0, 19)}`);
  }

  /** Waits until a scan has succeeded. */
  async function endOfScan(
    { service, digest }: Artifact,
    path: HarborPath,
    { signal, report }: GateContext,
  ): Promise<Outcome<Scan>> {
    const end = clock.now() + deadlineMs;
    let pause = firstPauseMs;
    let said = '';
    let asked: 'started' | 'not allowed' | undefined;
    let staleLeft = staleLooks;
    for (;;) {
      const artifact = await harbor.artifact(path, digest, signal);
      if (artifact.kind !== 'ok') return artifact;
      if (artifact.value === 'not allowed') {
        return incomplete(service, 'the account is not allowed to see the scan', {
          hint: 'give the robot the right to read artifacts, and to create scans',
        });
      }
      if (artifact.value === undefined) {
        return incomplete(service, `Harbor has no ${digest} in ${path.project}/${path.repository}`, {
          hint: 'a retention rule or a person removed it; build again',
        });
      }
      const { scan } = artifact.value;
      if (scan?.status === 'Success') return ok(scan);
      const ended = scan !== undefined && hasEnded(scan);
      if (ended && asked !== undefined) {
        staleLeft -= 1;
        if (staleLeft <= 0) {
          return incomplete(service, `the scan ended with ${scan.status}`, {
            hint: "see the scanner's log in Harbor, or start the scan there by hand",
          });
        }
      }
      if (asked === undefined && (scan === undefined || ended)) {
        const started = await harbor.startScan(path, digest, signal);
        if (started.kind !== 'ok') return started;
        if (started.value === 'no scanner') {
          return incomplete(service, `Harbor has no scanner for project ${path.project}`, {
            hint: 'connect a scanner in Harbor (Interrogation Services), or remove registry.harbor.scan from appdev.yaml',
          });
        }
        // An account without the right to start a scan can still wait for Harbor's own scan.
        asked = started.value === 'not allowed' ? 'not allowed' : 'started';
      }
      const status = scan?.status ?? 'not scanned yet';
      if (status !== said) report.output('scan', 'stdout', `scan of ${service}: ${status}`);
      said = status;
      const left = end - clock.now();
      if (left <= 0) return tooLate(service, status, asked);
      await clock.sleep(Math.min(pause, left), signal);
      if (signal.aborted) return cancelled(signal);
      pause = Math.min(pause * 1.5, lastPauseMs);
    }
  }

  function tooLate(service: string, status: string, asked: string | undefined): NotOk {
    const seconds = Math.round(deadlineMs / 1000);
    if (asked === 'not allowed') {
      return incomplete(
        service,
        `there was no scan within ${seconds} s, and the account is not allowed to start one`,
        {
          hint: 'give the robot the right to create scans, or make the project scan on push',
        },
      );
    }
    return incomplete(service, `the scan did not end within ${seconds} s (${status})`, {
      hint: 'raise registry.harbor.scan.deadline in appdev.yaml, or check the jobs in Harbor',
    });
  }
}

function incomplete(service: string, why: string, { hint }: { readonly hint: string }): NotOk {
  return failed('SCAN_INCOMPLETE', `${service} was pushed but stopped: ${why}`, { hint });
}

/** How many findings a message quotes. The report contains all of them. */
const quoted = 5;

/** How to make an exception: from what appdev.yaml asks for, and from what the project in Harbor demands. */
const ownException =
  'to allow it, use fixableOnly or another severity in registry.harbor.scan; a CVE allowlist has no effect here';
const projectException = "to allow it, use the project's CVE allowlist there";

function stopped(
  { service, repository, digest }: Artifact,
  {
    why,
    findings,
    file,
    exception,
  }: {
    readonly why: string;
    readonly findings: readonly Finding[];
    readonly file: string;
    readonly exception: string;
  },
): NotOk {
  const { path } = splitRegistryName(repository);
  const evidence = findings
    .slice(0, quoted)
    .map(
      (one) =>
        `${one.severity} ${one.id}: ${one.package}${one.fixVersion === '' ? ', no fix yet' : `, fixed in ${one.fixVersion}`}`,
    );
  const fixable = findings.some(({ fixVersion }) => fixVersion !== '');
  return failed('SCAN_GATE', `${service} was pushed but stopped: ${why}; the report is in ${file}`, {
    hint: fixable
      ? 'update what has a fix (a newer base image, newer dependencies), then build again'
      : `see ${path}@${digest.slice(0, 19)} in Harbor; ${exception}`,
    ...(evidence.length === 0 ? {} : { evidence }),
  });
}
