/** What is left when appdev itself is killed, and that the next start clears it away: any next start, of whatever test. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeLeftoverContainers } from '../../src/build/image/buildah/leftovers.ts';
import { environmentNow } from '../support/environment.ts';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import { userTempFolder } from '../../src/support/folders.ts';
import { reapLeftovers } from '../../src/support/process/leftovers.ts';
import {
  commandOf,
  environmentOf,
  groupOf,
  identify,
  isAlive,
  processIds,
  type ProcessIdentity,
} from '../../src/support/process/proc.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { sessionVariable } from '../../src/support/process/mark.ts';
import { sessionIn, sessionMark } from '../../src/support/process/session-folder.ts';
import { removeDeadTempFolders } from '../../src/support/files/temp.ts';
import { writeBootProject } from '../support/boot-project.ts';
import { useStorage } from '../support/buildah-storage.ts';
import { copyLetters } from '../support/letters.ts';
import { recordingContext } from '../support/recording-context.ts';
import { endSessions, startSession, type SessionProcess } from '../support/session-process.ts';
import { copyPrograms } from '../support/programs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-leftovers-'));
});
afterEach(async () => {
  await endSessions();
  await reapLeftovers(200);
  rmSync(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;

/** The process whose pid a child has written into a file of the test's folder. */
async function processIn(name: string): Promise<ProcessIdentity> {
  const path = join(folder, name);
  await expect
    .poll(() => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'), { timeout: 20_000 })
    .toBe(true);
  const found = identify(Number(readFileSync(path, 'utf8')));
  if (found === undefined) throw new Error(`the process in ${name} is gone already`);
  return found;
}

/** A session that runs a shell script and then does what `after` says. */
async function sessionWith(script: string, after = ''): Promise<SessionProcess> {
  return await startSession(
    folder,
    `import { runProcess } from './support/process/process.ts';
     void runProcess({ tool: 'sh', args: ['-c', ${JSON.stringify(script)}], cwd: ${JSON.stringify(folder)} }, { signal: new AbortController().signal });
     ${after}`,
  );
}

describe('a session that is killed', () => {
  it('takes its children with it', async () => {
    const session = await sessionWith('echo $$ > child; exec sleep 300');
    const child = await processIn('child');
    session.kill('SIGKILL');
    expect(await session.ended).toBe('SIGKILL');
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('leaves grandchildren, which the next start ends, and nothing else', async () => {
    const session = await sessionWith(
      // One that ignores SIGTERM, and one that has left the group.
      "sh -c 'trap \"\" TERM; echo $$ > deaf; while :; do sleep 300; done' & setsid sh -c 'echo $$ > away; exec sleep 300' & wait",
    );
    const deaf = await processIn('deaf');
    const away = await processIn('away');
    const foreign = spawn('sleep', ['300'], { detached: true });
    const living = spawn('sleep', ['300'], {
      detached: true,
      env: { ...process.env, ...sessionMark() },
    });
    try {
      session.kill('SIGKILL');
      await session.ended;
      expect([isAlive(deaf), isAlive(away)]).toEqual([true, true]);
      const reaped = await reapLeftovers(200);
      expect([isAlive(deaf), isAlive(away)]).toEqual([false, false]);
      expect(reaped.map(({ pid }) => pid)).toEqual(expect.arrayContaining([deaf.pid, away.pid]));
      expect(identify(foreign.pid ?? 0)).toBeDefined();
      expect(identify(living.pid ?? 0)).toBeDefined();
    } finally {
      for (const child of [foreign, living]) child.kill('SIGKILL');
    }
  });
});

describe.runIf(process.getuid?.() === 0)('a session in a container that shares the temporary folder', () => {
  it('is left alone by a start outside, which sees its children and knows its pid as another process', async () => {
    // Only the pid namespace of a container: that is what makes its pids others.
    const session = await startSession(
      folder,
      `import { makeTempFolder } from './support/files/temp.ts';
       import { runProcess } from './support/process/process.ts';
       console.log(makeTempFolder('kubeconfig'));
       void runProcess({ tool: 'sh', args: ['-c', 'echo inside; exec sleep 301'], cwd: '/' }, { signal: new AbortController().signal, onLine: (_stream, line) => console.log(line) });`,
      { inside: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] },
    );
    await expect.poll(() => session.lines, { timeout: 10_000 }).toContain('inside');
    const [made = ''] = session.lines;
    const children = (): ProcessIdentity[] =>
      processIds()
        .filter((pid) => sessionIn(environmentOf(pid)) === dirname(made) && commandOf(pid) === 'sleep 301')
        .map((pid) => identify(pid))
        .filter((identity) => identity !== undefined);
    await expect.poll(children).toHaveLength(1);
    await reapLeftovers(200);
    await removeDeadTempFolders();
    expect(children()).toHaveLength(1);
    expect(existsSync(made)).toBe(true);
    session.kill('SIGKILL');
    await session.ended;
    await expect.poll(children).toEqual([]);
    rmSync(dirname(made), { recursive: true });
  });
});

describe('a session that ends by itself', () => {
  it.each([
    ['process.exit', 'process.exit(3)', 3],
    ['an exception that nobody catches', 'throw new Error("on purpose")', 1],
  ])('through %s leaves no child', async (_name, statement, code) => {
    const session = await sessionWith(
      'trap "" TERM; echo $$ > child; while :; do sleep 300; done',
      `import { existsSync } from 'node:fs';
       const timer = setInterval(() => { if (existsSync('child')) { clearInterval(timer); setTimeout(() => { ${statement} }, 300); } }, 10);`,
    );
    const child = await processIn('child');
    expect(await session.ended).toBe(code);
    await expect.poll(() => isAlive(child)).toBe(false);
  });
});

describe('a Maven build whose session is killed', () => {
  it('is over, and the next session builds', async () => {
    const project = writeBootProject(join(folder, 'till'));
    const service = project.service();
    const cache = join(folder, 'cache');
    const session = await startSession(
      folder,
      `import { readEnvironment } from './app/environment.ts';
       import { createMavenBuilder } from './build/jar/maven/builder.ts';
       import { runProcess } from './support/process/process.ts';
       const run = async (command, options) => await runProcess(command, { ...options, onLine: (stream, line) => { options.onLine(stream, line); console.log(line); } });
       const builder = createMavenBuilder({ run, jvm: readEnvironment(process.env).maven, tell: () => undefined, projectRoot: ${JSON.stringify(project.root)}, cache: ${JSON.stringify(cache)} });
       const report = { started() {}, output() {}, finished() {} };
       await builder.package({ services: [${JSON.stringify(service)}], tests: false }, { signal: new AbortController().signal, report });`,
    );
    await expect
      .poll(() => session.lines.some((line) => line.includes('maven-compiler-plugin')), { timeout: 60_000 })
      .toBe(true);
    session.kill('SIGKILL');
    await session.ended;
    const javas = (): string[] => marked(session.pid);
    await expect
      .poll(async () => (javas().length === 0 ? 0 : (await reapLeftovers(200)).length), { timeout: 20_000 })
      .toBe(0);
    expect(javas()).toEqual([]);
    await removeDeadTempFolders();
    const outcome = await createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: runProcess,
      projectRoot: project.root,
      cache,
    }).package({ services: [service], tests: false }, recordingContext());
    expect(outcome).toMatchObject({ kind: 'ok' });
  });
});

describe('Gradle’s daemons', () => {
  it('of a session that was killed are ended by the next start', async () => {
    const letters = copyLetters(join(folder, 'letters'));
    const session = await startSession(
      folder,
      `import { readEnvironment } from './app/environment.ts';
import { createGradleBuilder } from './build/jar/gradle/builder.ts';
import { runProcess } from './support/process/process.ts';
import { sessionId } from './support/process/mark.ts';
const builder = createGradleBuilder({ run: runProcess, environment: readEnvironment(process.env).gradle, projectRoot: '${letters.root}', cache: '${join(folder, 'cache')}', tell() {} });
const report = { started() {}, output() {}, finished() {} };
const service = ${JSON.stringify(letters.service())};
const outcome = await builder.package({ services: [service], tests: false }, { signal: new AbortController().signal, report });
console.log(outcome.kind, sessionId);
setInterval(() => undefined, 1000);`,
    );
    await expect.poll(() => session.lines.join('\n'), { timeout: 120_000 }).toContain('ok ');
    const mark = session.lines.find((line) => line.startsWith('ok '))?.slice(3) ?? '';
    const [daemon] = daemonsOf(mark);
    if (daemon === undefined) throw new Error('the session has no daemon');
    session.kill('SIGKILL');
    await session.ended;
    expect(isAlive(daemon)).toBe(true);
    expect((await reapLeftovers(2000)).map(({ pid }) => pid)).toContain(daemon.pid);
    expect(isAlive(daemon)).toBe(false);
  });
});

describe('a working container', () => {
  it('of a dead session is removed by the next one; the user’s own is not', async () => {
    const storage = useStorage(join(folder, 'storage'));
    try {
      await storage.image('localhost/base:1', 'FROM scratch\nENV A=b\n');
      const own = await storage.buildah('from', '--pull-never', '-q', 'localhost/base:1');
      const context = join(folder, 'image');
      mkdirSync(context);
      // A program with all that it needs, so that a RUN takes as long as the test wants.
      copyPrograms(join(context, 'root'), '/bin/sleep');
      writeFileSync(
        join(context, 'Containerfile'),
        'FROM localhost/base:1\nCOPY root/ /\nRUN ["/bin/sleep", "300"]\n',
      );
      const session = await startSession(
        folder,
        `import { readEnvironment } from './app/environment.ts';
         import { openBuildah } from './build/image/buildah/session.ts';
         import { bud } from './build/image/buildah/bud.ts';
         import { runProcess } from './support/process/process.ts';
         const { signal } = new AbortController();
         const buildah = await openBuildah(runProcess, readEnvironment(process.env).buildah, signal);
         await bud(buildah.value, { service: 'x', file: ${JSON.stringify(join(context, 'Containerfile'))}, context: ${JSON.stringify(context)}, flags: ['--layers'] }, signal, (line) => console.log(line));`,
      );
      await expect
        .poll(() => session.lines.some((line) => line.startsWith('STEP 3/3')), { timeout: 20_000 })
        .toBe(true);
      const count = async (): Promise<number> =>
        (await storage.buildah('containers', '-q')).split('\n').length;
      await expect.poll(count).toBeGreaterThan(1);
      const left = (await count()) - 1;
      // As when the machine loses power: nobody gets a chance to clean up.
      const buildahs = marked(session.pid);
      process.kill(session.pid, 'SIGSTOP');
      for (const group of new Set(buildahs.map((pid) => groupOf(Number(pid)))))
        if (group !== undefined) process.kill(-group, 'SIGKILL');
      process.kill(session.pid, 'SIGKILL');
      await session.ended;
      await reapLeftovers(200);

      expect(await removeLeftoverContainers(runProcess, environmentNow().buildah, never)).toEqual({
        kind: 'ok',
        value: left,
      });
      expect(await storage.buildah('containers', '--format', '{{.ContainerName}}')).toBe(own);
      expect(await removeLeftoverContainers(runProcess, environmentNow().buildah, never)).toEqual({
        kind: 'ok',
        value: 0,
      });
    } finally {
      await storage.buildah('rm', '-a');
      storage.remove();
    }
  });
});

describe('temporary folders', () => {
  it('of a killed session are gone after the next start', async () => {
    const session = await startSession(
      folder,
      `import { makeTempFolder } from './support/files/temp.ts';
       console.log(makeTempFolder('x'));
       setInterval(() => {}, 1000);`,
    );
    await expect.poll(() => session.lines.length, { timeout: 10_000 }).toBe(1);
    const made = session.lines[0] ?? '';
    expect(made.startsWith(userTempFolder())).toBe(true);
    session.kill('SIGKILL');
    await session.ended;
    expect(existsSync(made)).toBe(true);
    await removeDeadTempFolders();
    expect(existsSync(made)).toBe(false);
  });

  it.each([
    [
      'stay at an exit that kills children, so that the next start looks for what those left',
      "void run('300'); setInterval(() => { if (hasChildren()) process.exit(0); }, 10);",
      true,
    ],
    ['go at an exit without children', "await run('0'); process.exit(0);", false],
  ])('%s', async (_name, statements, stays) => {
    const session = await startSession(
      folder,
      `import { hasChildren } from './support/process/children.ts';
       import { runProcess } from './support/process/process.ts';
       import { makeTempFolder } from './support/files/temp.ts';
       const run = async (seconds) => await runProcess({ tool: 'sleep', args: [seconds], cwd: '/' }, { signal: new AbortController().signal });
       console.log(makeTempFolder('x'));
       ${statements}`,
    );
    expect(await session.ended).toBe(0);
    const made = session.lines[0] ?? '';
    expect(existsSync(made)).toBe(stays);
    await removeDeadTempFolders();
    expect(existsSync(made)).toBe(false);
  });
});

/** Pids of processes that carry the mark of the session with that pid. */
function marked(pid: number): string[] {
  const script = `grep -lz '^${sessionVariable}=.*/${pid}-' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; true`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' })
    .split('\n')
    .filter((text) => text !== '');
}

/** Gradle's daemons that carry a session's mark. */
function daemonsOf(session: string): ProcessIdentity[] {
  return processIds()
    .filter((pid) => commandOf(pid).includes('GradleDaemon'))
    .filter((pid) => basename(sessionIn(environmentOf(pid)) ?? '') === session)
    .map((pid) => identify(pid))
    .filter((identity) => identity !== undefined);
}
