/** Programs of this machine for images that start from nothing. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Copies programs, by their absolute paths, with all that they need into a folder that becomes the image's root. */
export function copyPrograms(root: string, ...programs: readonly string[]): void {
  for (const path of programs.flatMap((program) => [program, ...libraries(program)])) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
}

/** Absolute paths of the shared libraries of a program, and of its loader. */
function libraries(program: string): string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
}
