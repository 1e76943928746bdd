/** Interim. */
import { copyFile, writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceConfig } from '../config/model.ts';
import { cancelled, failed, ok } from '../outcome.ts';
import type { Registry } from '../registry/types.ts';
import type { RunProcess } from '../support/process.ts';
import { makeTempFolder } from '../support/temp.ts';
import type { ImageBuilder } from './types.ts';

export function createInterimBuilder(run: RunProcess, registry: Registry): ImageBuilder {
  return {
    async build({ service, jar, inputHash }, { signal, report }) {
      const folder = makeTempFolder('interim');
      const image = (service as ServiceConfig).image!;
      report.started('image');
      const ref = `${registry.push}/${image.repository}:${inputHash.slice(0, 16)}`;
      let args: string[];
      if (image.source.kind === 'layers') {
        await copyFile(jar!.path, join(folder, 'app.jar'));
        await writeFile(
          join(folder, 'Containerfile'),
          `FROM ${image.source.base}\nCOPY app.jar /app.jar\nENTRYPOINT ["java","-jar","/app.jar"]\n`,
        );
        args = [
          'bud',
          '--isolation',
          'chroot',
          '--timestamp',
          '0',
          '--layers',
          '--tls-verify=false',
          '-f',
          join(folder, 'Containerfile'),
          '-t',
          ref,
          folder,
        ];
      } else {
        const b = Object.entries(image.source.buildArgs).flatMap(([k, v]) => ['--build-arg', `${k}=${v}`]);
        args = [
          'bud',
          '--isolation',
          'chroot',
          '--timestamp',
          '0',
          '--layers',
          '--tls-verify=false',
          ...b,
          '-f',
          image.source.containerfile,
          '-t',
          ref,
          image.source.context,
        ];
      }
      const built = await run({ tool: 'buildah', args, cwd: folder }, { signal });
      if (built.kind === 'cancelled') return cancelled(signal);
      if (built.kind === 'missing')
        return failed('TOOL_MISSING', 'buildah is not on the PATH', { hint: 'install it' });
      if (built.exitCode !== 0)
        return failed('IMAGE_BUILD_FAILED', 'buildah failed', { evidence: built.lines.slice(-5) });
      report.finished('image', 'ok');
      report.started('push');
      const file = join(folder, 'digest');
      const pushed = await run(
        { tool: 'buildah', args: ['push', '--tls-verify=false', '--digestfile', file, ref], cwd: folder },
        { signal },
      );
      if (pushed.kind !== 'exited') return cancelled(signal);
      if (pushed.exitCode !== 0)
        return failed('REGISTRY_UNREACHABLE', `push to ${registry.push} failed`, {
          evidence: pushed.lines.slice(-5),
        });
      report.finished('push', 'ok');
      const digest = (await readFile(file, 'utf8')).trim();
      return ok({
        service: service.name,
        repository: `${registry.push}/${image.repository}`,
        tag: inputHash.slice(0, 16),
        digest,
        pullRepository: `${registry.pull}/${image.repository}`,
        inputHash,
      });
    },
  };
}
