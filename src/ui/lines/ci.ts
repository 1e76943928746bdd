/**
 * Stops the CI service from reading the output of applications and tools as commands. An application may print what an
 * attacker sent; such a line must not set a variable of the job or fold its log.
 */
import type { CiService } from '../out/terminal.ts';

/** Takes a line and returns it in a form that the CI service does not read as a command. */
export type LineGuard = (line: string) => string;

/**
 * The guard for the CI services that run this job. Outside of CI it changes nothing.
 *
 * GitHub Actions reads `::name::` at the start of a line (after blanks) and `##[name]` anywhere. Azure Pipelines reads
 * `##vso[` and `##[`, TeamCity `##teamcity[`. GitLab folds at `section_start:` and `section_end:`. One blank inside the
 * marker breaks it, and the text stays readable.
 */
export function ciLineGuard(services: readonly CiService[]): LineGuard {
  const guards: LineGuard[] = [];
  if (services.includes('github')) guards.push((line) => line.replace(/^(\s*):(?=:)/, '$1: '));
  if (services.some((service) => service !== 'gitlab')) {
    guards.push((line) => line.replace(/##(?=\[|vso\[|teamcity\[)/gi, '## '));
  }
  if (services.includes('gitlab'))
    guards.push((line) => line.replace(/\b(section_start|section_end):/g, '$1 :'));
  return (line) => guards.reduce((text, guard) => guard(text), line);
}
