/**
 * Keeps text of applications and tools from being read as commands by the CI service whose log it lands in. A line
 * that merely prints what an attacker sent must not set a variable or fold a section of the job.
 */

/** Tells what a line becomes in the log of this environment's CI service. */
export type LineGuard = (line: string) => string;

/**
 * The guard for the CI service that the environment names.
 *
 * GitHub Actions reads `::name::` at a line's start (after blanks) and `##[name]` anywhere; Azure Pipelines reads
 * `##vso[` and `##[`; TeamCity `##teamcity[`; GitLab folds at `section_start:` and `section_end:`. One blank inside the
 * marker breaks it and leaves the text readable.
 */
export function ciLineGuard(env: NodeJS.ProcessEnv): LineGuard {
  const set = (name: string): boolean => (env[name] ?? '') !== '';
  const guards: LineGuard[] = [];
  if (set('GITHUB_ACTIONS')) guards.push((line) => line.replace(/^(\s*):(?=:)/, '$1: '));
  if (set('GITHUB_ACTIONS') || set('TF_BUILD') || set('TEAMCITY_VERSION')) {
    guards.push((line) => line.replace(/##(?=\[|vso\[|teamcity\[)/gi, '## '));
  }
  if (set('GITLAB_CI')) guards.push((line) => line.replace(/\b(section_start|section_end):/g, '$1 :'));
  return (line) => guards.reduce((text, guard) => guard(text), line);
}
