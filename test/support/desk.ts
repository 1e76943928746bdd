/** Runs the shipped appdev on a project in a temporary folder, with a kubeconfig and programs of its own: no cluster is needed. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { appdevBin } from './project-copy.ts';
import type { Ran } from './rig.ts';

/** A project and its surroundings. */
export interface Desk {
  readonly folder: string;
  /** For what stand-ins write down: outside the project, whose files are inputs of its builds. */
  readonly notes: string;
  /** The user's kubeconfig. */
  readonly kubeconfig: string;
  /** Writes a file of the project; `mode` is 0o755 for a program. */
  write(file: string, text: string, mode?: number): void;
  /** Puts a program on the PATH before all others; the name says what it stands in for. */
  standIn(program: string, script: string): void;
  /** Runs appdev to its end; `during` sees the process's number once it has been started. */
  appdev(args: readonly string[], during?: (pid: number) => Promise<void>): Promise<Ran>;
  dispose(): void;
}

/** Makes one. `env` is added to this process's own environment. */
export function createDesk(env: NodeJS.ProcessEnv = {}): Desk {
  const top = mkdtempSync(join(tmpdir(), 'appdev-desk-'));
  const [folder, tools, notes] = [join(top, 'shop'), join(top, 'tools'), join(top, 'notes')];
  // The next start of another test clears away what an earlier, killed session has left on this machine.
  const temporary = join(top, 'tmp');
  const kubeconfig = join(top, 'kubeconfig');
  for (const made of [folder, tools, notes, temporary]) mkdirSync(made);
  const write = (file: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  // CI changes which files are read; a rig's own settings are for another project.
  const { CI: _ci, APPDEV_NAMESPACE: _namespace, ...desk } = process.env;
  return {
    folder,
    notes,
    kubeconfig,
    write: (file, text, mode) => write(join(folder, file), text, mode),
    standIn: (program, script) => write(join(tools, program), script, 0o755),
    async appdev(args, during) {
      const child = spawn(process.execPath, [appdevBin, ...args], {
        cwd: folder,
        env: {
          ...desk,
          TMPDIR: temporary,
          ...env,
          KUBECONFIG: kubeconfig,
          PATH: `${tools}:${desk['PATH'] ?? ''}`,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const closed = new Promise<number | null>((done) => child.on('close', done));
      await during?.(child.pid ?? 0);
      return { code: await closed, stdout, stderr };
    },
    dispose: () => rmSync(top, { recursive: true, force: true }),
  };
}

/** The text of a kubeconfig: contexts by name with their servers, the first of them current. */
export function kubeconfigText(servers: Readonly<Record<string, string>>): string {
  const names = Object.keys(servers);
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': names[0],
    clusters: names.map((name) => ({ name, cluster: { server: servers[name] } })),
    users: names.map((name) => ({ name, user: { token: 'a-token' } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
  });
}
