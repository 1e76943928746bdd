import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jarBytes } from './archive/jar-writer.ts';
import { findOtherJars } from './other-jars.ts';

let context: string;
beforeEach(() => {
  context = mkdtempSync(join(tmpdir(), 'appdev-others-'));
});
afterEach(() => {
  rmSync(context, { recursive: true, force: true });
});

const boot = 'Manifest-Version: 1.0\r\nSpring-Boot-Version: 4.0.3\r\nStart-Class: com.example.App\r\n\r\n';
const plain = 'Manifest-Version: 1.0\r\n\r\n';

function jar(name: string, manifest: string): void {
  mkdirSync(dirname(join(context, name)), { recursive: true });
  writeFileSync(join(context, name), jarBytes(new Map([['META-INF/MANIFEST.MF', Buffer.from(manifest)]])));
}

/** What becomes of the other jars, when the Containerfile has these instructions and `built` is the jar of this build. */
async function others(instructions: string, built: string, at = context): ReturnType<typeof findOtherJars> {
  const containerfile = join(context, 'Containerfile');
  writeFileSync(containerfile, `FROM a\n${instructions}\n`);
  const path = join(context, built);
  const jarOf = { service: 'orders', path, built: path, sha256: '' };
  return await findOtherJars('orders', { containerfile, context: at, buildArgs: {} }, jarOf);
}

const found = (hidden: readonly string[], taken: readonly string[] = []): unknown => ({
  kind: 'ok',
  value: { hidden, taken },
});

describe('other jars in the output folder', () => {
  it('are none in a clean one, or if it lies outside of the context', async () => {
    jar('target/app-1.10.jar', boot);
    expect(await others('COPY target/*.jar /app.jar', 'target/app-1.10.jar')).toEqual(found([]));
    jar('target/app-1.9.jar', boot);
    expect(await others('COPY *.jar /', 'target/app-1.10.jar', join(context, 'conf'))).toEqual(found([]));
  });

  it('are hidden when they are executable: this build made one only', async () => {
    jar('target/app-1.10.jar', boot);
    jar('target/app-1.9.jar', boot);
    const old = ['target/app-1.9.jar'];
    const of = async (instructions: string) => await others(instructions, 'target/app-1.10.jar');
    expect(await of('ARG JAR=target/*.jar\nCOPY ${JAR} /app.jar')).toEqual(found(old, old));
    expect(await of('COPY target/*.jar /libs/')).toEqual(found(old, old));
    // Something that is run may pick them up.
    expect(await of('COPY . /src')).toEqual(found(old));
    expect(await of('COPY target /src/')).toEqual(found(old));
    expect(await of('COPY target/app-1.10.jar /app.jar')).toEqual(found(old));
  });

  it('are hidden when they are not, if one file is meant and they would be taken for it', async () => {
    const names = ['app-1.10-plain.jar', 'app-1.9-plain.jar', 'app-1.9.jar', 'zipkin.jar'];
    jar('build/libs/app-1.10.jar', boot);
    for (const name of names) jar(`build/libs/${name}`, name === 'app-1.9.jar' ? boot : plain);
    const all = names.map((name) => `build/libs/${name}`);
    const old = ['build/libs/app-1.9.jar'];
    const of = async (instructions: string) => await others(instructions, 'build/libs/app-1.10.jar');
    expect(await of('COPY build/libs/*.jar /app.jar')).toEqual(found(all, old));
    // Into a folder, all of them may be meant.
    expect(await of('COPY build/libs/*.jar /libs/')).toEqual(found(old, old));
    expect(await of('COPY build/libs/*-plain.jar /plain.jar')).toEqual(found(old));
    // Named by another instruction.
    expect(await of('COPY build/libs/*.jar /app.jar\nCOPY build/libs/zipkin.jar /agent.jar')).toEqual(
      found(all.slice(0, -1), old),
    );
  });

  it('are an error if the Containerfile names one of them in place of the one that was built', async () => {
    jar('target/app-1.10.jar', boot);
    jar('target/app-1.9.jar', boot);
    expect(await others('COPY target/app-1.9.jar /app.jar', 'target/app-1.10.jar')).toMatchObject({
      kind: 'failed',
      error: {
        code: 'JAR_AMBIGUOUS',
        message: 'orders: Containerfile copies target/app-1.9.jar, but this build made target/app-1.10.jar',
        hint: 'make it copy target/app-1.10.jar, or target/*.jar',
        exit: 4,
      },
    });
  });
});
