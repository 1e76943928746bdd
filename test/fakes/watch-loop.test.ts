/** The loop on a real tree: what runs in the end is what is on disk, whatever happened to the files on the way. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mavenInputs } from '../../src/build/jar/maven/model/inputs.ts';
import { findReactor } from '../../src/build/jar/maven/model/reactor.ts';
import { WatchRig } from '../support/watch-rig.ts';
import { until } from '../support/wait.ts';

let rig: WatchRig;
beforeEach(() => {
  rig = new WatchRig();
});
afterEach(async () => {
  await rig.stop();
});

const app = 'src/main/java/com/example/App.java';

/** How editors replace a file. Each leaves the new content under the old name. */
const editors: Readonly<Record<string, (path: string, text: string) => void>> = {
  'in place': (path, text) => {
    writeFileSync(path, text);
  },
  'vim: probe, backup, new file': (path, text) => {
    const probe = path.replace(/[^/]+$/, '4913');
    writeFileSync(probe, '');
    unlinkSync(probe);
    renameSync(path, `${path}~`);
    writeFileSync(path, text);
    unlinkSync(`${path}~`);
  },
  'IntelliJ: safe write': (path, text) => {
    writeFileSync(`${path}___jb_tmp___`, text);
    renameSync(path, `${path}___jb_old___`);
    renameSync(`${path}___jb_tmp___`, path);
    unlinkSync(`${path}___jb_old___`);
  },
  'emacs: auto-save file, backup by rename': (path, text) => {
    const name = path.replace(/([^/]+)$/, '#$1#');
    writeFileSync(name, text);
    renameSync(path, `${path}~`);
    writeFileSync(path, text);
    unlinkSync(name);
  },
  'VS Code and others: temporary file renamed over it': (path, text) => {
    writeFileSync(`${path}.tmp.123`, text);
    renameSync(`${path}.tmp.123`, path);
  },
};

describe('a file system without events', () => {
  it('has the poll alone find an edited, a new and a removed file', async () => {
    rig.eventless = '9p';
    await rig.start();
    expect(rig.events.find(({ type }) => type === 'watch.started')).toMatchObject({
      mode: 'polling',
      reason: '9p',
    });
    const steps = [
      () => rig.write(app, 'class App { int edited; }'),
      () => rig.write('src/main/java/com/example/made/New.java', 'class New {}'),
      () => rmSync(rig.path('src/main/java/com/example/made'), { recursive: true }),
    ];
    for (const step of steps) {
      const runs = rig.runs();
      step();
      await until('a run', () => rig.runs() > runs);
      await rig.converged();
    }
    // The events that a remote file system would not have raised did not help.
    expect(rig.swallowed).toBeGreaterThan(0);
  });
});

describe('a save', () => {
  it.each(Object.keys(editors))('%s: one run each, twenty times in a row', async (name) => {
    await rig.start();
    const save = editors[name];
    for (let count = 1; count <= 20; count += 1) {
      const runs = rig.runs();
      save?.(rig.path(app), `class App { int i = ${count}; }`);
      await until('a run', () => rig.runs() > runs);
      await rig.converged();
      expect(rig.runs()).toBe(runs + 1);
    }
    expect(rig.finished().every((outcome) => outcome === 'ok')).toBe(true);
  });

  it('in a folder beside the project that the pom names is a run like any other, also the one that makes it', async () => {
    const resources = `<resources><resource><directory>${rig.beside}</directory></resource></resources>`;
    rig.write('pom.xml', `<project><artifactId>orders</artifactId><build>${resources}</build></project>`);
    const reactor = findReactor(rig.root);
    const module = reactor?.modules.get(rig.path('pom.xml'));
    if (reactor === undefined || module === undefined) throw new Error('no Maven project');
    rig.inputs = () => mavenInputs(reactor, module);
    await rig.start();
    for (const text of ['a=1', 'a=2', 'a=3']) {
      const runs = rig.runs();
      rig.write(`${rig.beside}/shared.properties`, text);
      await until('a run', () => rig.runs() > runs);
      await rig.converged();
      expect(rig.runs()).toBe(runs + 1);
    }
    expect(rig.events.filter((event) => event.type === 'change.detected').at(-1)).toMatchObject({
      paths: [`${rig.beside}/shared.properties`],
    });
  });

  it('of the same bytes starts no run', async () => {
    await rig.start();
    const runs = rig.runs();
    for (const save of Object.values(editors)) save(rig.path(app), 'class App {}');
    // A later real save is seen, so the one before was looked at.
    rig.write('src/main/resources/application.properties', 'a=2');
    await until('a run', () => rig.runs() > runs);
    await rig.converged();
    expect(rig.runs()).toBe(runs + 1);
    const last = rig.events.filter((event) => event.type === 'change.detected').at(-1);
    expect(last).toMatchObject({ paths: ['src/main/resources/application.properties'] });
  });

  it('that truncates, thinks and then writes is one run, of the final content', async () => {
    await rig.start();
    const runs = rig.runs();
    writeFileSync(rig.path(app), '');
    let noticed = false;
    // The loop looks at the empty file over and over, and builds it only when it has been empty for long.
    await until('the loop to have looked', () => (noticed ||= !rig.isIdle()));
    const file = openSync(rig.path(app), 'w');
    for (const part of ['class App ', '{ int a; ', '}']) appendFileSync(file, part);
    closeSync(file);
    await until('a run', () => rig.runs() > runs);
    await rig.converged();
    expect(rig.runs()).toBe(runs + 1);
  });

  it('of a chart file renders without a build', async () => {
    await rig.start();
    const builds = rig.built.length;
    rig.write('deploy/chart/templates/new.yaml', 'kind: Service');
    await until('a render', () =>
      rig.events.some((event) => event.type === 'run.started' && event.route === 'render-only'),
    );
    await rig.converged();
    expect(rig.built).toHaveLength(builds);
  });
});

describe('folders', () => {
  it('made and filled at once are seen to the last file', async () => {
    await rig.start();
    for (let count = 0; count < 40; count += 1) {
      rig.write(`src/main/java/com/example/p${count}/deep/er/C${count}.java`, 'class C {}');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await rig.converged();
  });

  it('filled after they were made empty are watched', async () => {
    await rig.start();
    mkdirSync(rig.path('src/main/java/com/example/later'));
    await until('it to be known', () => rig.isIdle());
    const runs = rig.runs();
    writeFileSync(rig.path('src/main/java/com/example/later/L.java'), 'class L {}');
    await until('a run', () => rig.runs() > runs);
    await rig.converged();
  });

  it('removed and made again keep being watched', async () => {
    await rig.start();
    for (let count = 1; count <= 5; count += 1) {
      rmSync(rig.path('src/main/java'), { recursive: true });
      rig.write(app, `class App { int i = ${count}; }`);
      await rig.converged();
      const runs = rig.runs();
      rig.write(app, `class App { long l = ${count}; }`);
      await until('a run', () => rig.runs() > runs);
      await rig.converged();
    }
  });

  it('removed as a whole root, with what is around it, and brought back', async () => {
    await rig.start();
    renameSync(rig.path('src'), rig.path('away'));
    await rig.converged();
    renameSync(rig.path('away'), rig.path('src'));
    await rig.converged();
    rig.write(app, 'class App { int back; }');
    await rig.converged();
  });
});

describe('a burst', () => {
  it('of 25,000 files that drowns the kernel’s queue still ends with what is on disk', async () => {
    await rig.start();
    mkdirSync(rig.path('src/main/java/gen'), { recursive: true });
    // Synchronous, so that no event can be read meanwhile: the queue holds 16,384.
    for (let count = 0; count < 25_000; count += 1)
      writeFileSync(rig.path(`src/main/java/gen/G${count}.java`), `class G${count} {}`);
    await rig.converged(120_000);
    const runs = rig.runs();
    rig.write('src/main/java/gen/G24999.java', 'class Changed {}');
    await until('a run', () => rig.runs() > runs);
    await rig.converged();
  });
});

describe('git', () => {
  const git = (...args: readonly string[]): void => {
    execFileSync('git', ['-c', 'user.name=dev', '-c', 'user.email=dev@example.com', ...args], {
      cwd: rig.root,
      stdio: 'pipe',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    });
  };

  it('checkouts there and back of hundreds of files never end with a mixture', async () => {
    git('init', '-q', '-b', 'one');
    writeFileSync(rig.path('.gitignore'), '.appdev/\n');
    for (let count = 0; count < 400; count += 1) {
      rig.write(`src/main/java/com/example/m${count % 20}/M${count}.java`, `class M${count} { int one; }`);
    }
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    git('checkout', '-q', '-b', 'two');
    for (let count = 0; count < 400; count += 1) {
      rig.write(`src/main/java/com/example/m${count % 20}/M${count}.java`, `class M${count} { long two; }`);
      if (count % 10 === 0) rig.write(`src/main/java/com/example/n${count}/N.java`, 'class N {}');
    }
    git('add', '.');
    git('commit', '-q', '-m', 'two');
    await rig.start();
    for (const branch of ['one', 'two', 'one', 'two', 'one']) {
      const runs = rig.runs();
      git('checkout', '-q', branch);
      await until('a run', () => rig.runs() > runs);
      await rig.converged();
      // One build for the final tree.
      expect(rig.runs()).toBe(runs + 1);
    }
    // There and back while a build reads: the tree is the old one again, but the build saw parts of the other.
    let flips = 0;
    rig.betweenReads = async () => {
      if (flips >= 6) return;
      flips += 1;
      git('checkout', '-q', flips % 2 === 1 ? 'two' : 'one');
      await Promise.resolve();
    };
    rig.write(app, 'class App { int during; }');
    await until('the flips', () => flips === 6);
    await rig.converged();
    expect(rig.built.at(-1)).toBe(rig.tree());
  });

  it('is waited for while it holds its lock', async () => {
    git('init', '-q');
    await rig.start();
    const runs = rig.runs();
    writeFileSync(rig.path('.git/index.lock'), '');
    rig.write(app, 'class App { int half; }');
    await until(
      'the loop to wait for git',
      () => rig.events.some((e) => e.type === 'service.held') || !rig.isIdle(),
    );
    expect(rig.runs()).toBe(runs);
    rig.write(app, 'class App { int whole; }');
    rmSync(rig.path('.git/index.lock'));
    await rig.converged();
    expect(rig.runs()).toBe(runs + 1);
  });
});

describe('anything at all', () => {
  it('converges: random writes, moves, removals and touches during builds', async () => {
    await rig.start();
    // A fixed sequence: xorshift, so that a failure can be run again.
    let seed = 20_260_731;
    const random = (below: number): number => {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      return Math.abs(seed) % below;
    };
    const name = (): string => `src/main/java/com/example/d${random(4)}/F${random(6)}.java`;
    const acts: readonly (() => void)[] = [
      () => rig.write(name(), `class C { int i = ${random(1_000)}; }`),
      () => rig.write(app, `class App { int i = ${random(3)}; }`),
      () => rmSync(rig.path(name()), { force: true }),
      () => rmSync(dirname(rig.path(name())), { recursive: true, force: true }),
      () => {
        const [from, to] = [rig.path(name()), rig.path(name())];
        mkdirSync(dirname(to), { recursive: true });
        try {
          renameSync(from, to);
        } catch {
          // There was nothing of that name.
        }
      },
    ];
    rig.betweenReads = async () => {
      if (random(8) === 0) acts[random(acts.length)]?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (let count = 0; count < 150; count += 1) {
      acts[random(acts.length)]?.();
      if (random(3) > 0) await new Promise((resolve) => setTimeout(resolve, random(30)));
    }
    rig.betweenReads = () => Promise.resolve();
    await rig.converged();
  });
});
