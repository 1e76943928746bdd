/**
 * Renders an overlay by `kustomize build`, or by the Kustomize inside kubectl if there is no other. Plugins, exec
 * functions, Helm inflation, remote bases and remote files stay off. Contacts no cluster and no other server.
 */
import { readFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import { relative } from 'node:path';
import type { WorkContext } from '../../build/types.ts';
import type { KubeObject } from '../../cluster/types.ts';
import type { KustomizeConfig } from '../../config/model.ts';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { complaintEvidence, complaintLines, complaintText } from '../../support/process/complaint.ts';
import type { RunProcess } from '../../support/process/process.ts';
import { parseDocuments } from '../objects/documents.ts';
import { kustomizationIn, scanKustomization, type KustomizationScan } from './kustomization.ts';

/** What Go's net/http reads (golang.org/x/net/http/httpproxy). Nothing can listen on port 0. */
const noHttp = {
  ...Object.fromEntries(
    ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map((name) => [name, 'http://127.0.0.1:0']),
  ),
  NO_PROXY: undefined,
  no_proxy: undefined,
};

/** Programs that can build a kustomization, each by name or path. */
export interface KustomizeTools {
  readonly kustomize: string;
  readonly kubectl: string;
}

export interface KustomizeSettings {
  readonly run: RunProcess;
  readonly tools: KustomizeTools;
  /** Folder to which paths in messages are relative. */
  readonly root: string;
}

/**
 * Builds the overlay of a service. Fails with TOOL_MISSING, or with RENDER_FAILED and the place if the files show it.
 */
export async function buildKustomization(
  config: KustomizeConfig,
  { run, tools, root }: KustomizeSettings,
  context: WorkContext,
): Promise<Outcome<readonly KubeObject[]>> {
  const shown = relative(root, config.path) || '.';
  if ((await kustomizationIn(config.path)) === undefined) {
    return failed('RENDER_FAILED', `${shown} contains no kustomization.yaml`, {
      hint: 'set `deploy.kustomize.path` to the folder of an overlay',
    });
  }
  const scan = await scanKustomization(config.path, root);
  if (scan.remote.length > 0) {
    return failed(
      'RENDER_FAILED',
      `${shown} refers to bases or files outside this machine, which appdev does not fetch`,
      {
        diagnostics: scan.remote,
        hint: 'copy them into the project (`kustomize localize` does that), then refer to the copies',
      },
    );
  }
  if (scan.unreadable.length > 0) {
    return failed('RENDER_FAILED', `${shown} does not build`, {
      diagnostics: scan.unreadable,
      hint: `kustomize build ${shown}`,
    });
  }
  const input = [`--load-restrictor=${config.loadRestrictor}`, '--', config.path];
  const attempts = [
    { tool: tools.kustomize, args: ['build', ...input] },
    { tool: tools.kubectl, args: ['kustomize', ...input] },
  ];
  // No kubeconfig: rendering must not be able to reach a cluster. The scan above found nothing to fetch. Should it have
  // overlooked something, git speaks no protocol, and HTTP goes to a proxy that does not exist.
  const env = { KUBECONFIG: devNull, GIT_ALLOW_PROTOCOL: 'none', ...noHttp };
  for (const { tool, args } of attempts) {
    const finished = await run({ tool, args, cwd: root, env }, { signal: context.signal });
    if (finished.kind === 'missing') continue;
    if (finished.kind === 'cancelled') return cancelled(context.signal);
    if (finished.exitCode !== 0) return await explain(shown, finished.stderr, scan, root);
    const parsed = parseDocuments(finished.stdout, { file: shown, origin: 'generated' });
    if (parsed.diagnostics.length > 0) {
      const { diagnostics } = parsed;
      return failed('RENDER_FAILED', `${shown} does not build to Kubernetes objects`, { diagnostics });
    }
    return ok(parsed.objects.map(({ object }) => object));
  }
  return failed('TOOL_MISSING', `neither \`${tools.kustomize}\` nor \`${tools.kubectl}\` is on the PATH`, {
    hint: 'install kustomize or kubectl, then run `appdev doctor`',
  });
}

/** The failure with the place of the fault if the files show it, or else with Kustomize's own words. */
async function explain(shown: string, stderr: string, scan: KustomizationScan, root: string): Promise<NotOk> {
  const complaint = complaintOf(stderr);
  const diagnostics: Diagnostic[] = [...scan.faults];
  if (diagnostics.length === 0) {
    for (const file of scan.files) {
      const text = await readFile(file, 'utf8').catch(() => '');
      diagnostics.push(
        ...parseDocuments(text, { file: relative(root, file), origin: 'written' }).diagnostics,
      );
    }
  }
  const outside = /file '([^']+)' is not in or below '([^']+)'/.exec(stderr);
  if (outside !== null) {
    const [, file = '', folder = ''] = outside;
    return failed(
      'RENDER_FAILED',
      `${shown} does not build: ${relative(root, file)} lies outside ${relative(root, folder) || '.'}, where Kustomize reads no files`,
      { hint: 'move it below, or set `deploy.kustomize.loadRestrictor: LoadRestrictionsNone`' },
    );
  }
  const hint = `kustomize build ${shown}`;
  if (diagnostics.length > 0) {
    return failed('RENDER_FAILED', `${shown} does not build`, { diagnostics, evidence: complaint, hint });
  }
  const text = complaintText(complaint) ?? 'no reason was given';
  return failed('RENDER_FAILED', `${shown} does not build: ${text}`, {
    hint,
    ...complaintEvidence(complaint),
  });
}

/** What Kustomize says, or kubectl in its place, which may log it as one line: `… err="…"`. */
function complaintOf(stderr: string): string[] {
  const lines = stderr.split('\n');
  const last = lines.findLast((line) => line.trim() !== '') ?? '';
  const logged = /err="((?:[^"\\]|\\.)*)"$/.exec(last)?.[1];
  if (logged === undefined) return complaintLines(lines);
  return complaintLines(logged.replaceAll('\\n', '\n').replace(/\\(.)/g, '$1').split('\n'));
}
