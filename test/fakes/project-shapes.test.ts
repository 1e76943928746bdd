/** Projects of many shapes, by a stand-in for Maven: what goes into the artifact is an input, wherever it lies. */
import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import { createScanner } from '../../src/watch/scanner.ts';
import { environmentNow } from '../support/environment.ts';
import { fakeProject } from '../support/fake-loop-parts.ts';
import { shapes, writeShape } from '../support/stand-in-maven.ts';

let folder: string;
let made = 0;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-shapes-')));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Files that no build of any shape reads. An edit of them must not even start a build. */
const unread = /README\.md$|notes\/n\.md$|AppTest\.java$/;

it('an edit makes a new digest if and only if the artifact must differ', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, fc.nat(), async (shape, pick) => {
      made += 1;
      const top = join(folder, String(made));
      mkdirSync(join(top, '.git'), { recursive: true });
      const project = writeShape(top, shape);
      const builder = createMavenBuilder({
        jvm: environmentNow().maven,
        tell: () => undefined,
        run: project.run,
        projectRoot: top,
        cache: join(folder, 'cache'),
      });
      const file = join(top, 'appdev.yaml');
      const scanner = createScanner({
        config: { ...fakeProject([project.service]), root: top, file, files: [file] },
        jarBuilder: builder,
        testsRun: () => false,
        now: Date.now,
        note: () => undefined,
        toolchain: '',
        target: '',
      });
      const before = (await scanner.scan(project.service)).fingerprint.build;
      const artifact = project.artifact();
      const edited = project.files[pick % project.files.length] ?? '';
      appendFileSync(edited, ' two');
      const isSeen = (await scanner.scan(project.service)).fingerprint.build !== before;
      // What was not seen keeps its image. What was seen is built, and the digest follows from the content.
      const digest = isSeen ? project.artifact() : artifact;
      expect({ edited, digest }).toEqual({ edited, digest: project.artifact() });
      if (unread.test(edited)) expect({ edited, isSeen }).toEqual({ edited, isSeen: false });
      rmSync(top, { recursive: true });
    }),
    { numRuns: 300 },
  );
});
