/**
 * Stops the CI service from reading the output of applications and tools as commands. An application may print what an
 * attacker sent; such a line must not set a variable of the job or fold its log.
 */

/** Takes a line and returns it in a form that the CI service does not read as a command. */
export type LineGuard = (line: string) => string;

/**
 * The guard for the CI service that the environment names. Outside of CI it changes nothing.
 *
 * GitHub Actions reads `::name::` at the start of a line (after blanks) and `##[name]` anywhere. Azure Pipelines reads
 * `##vso[` and `##[`, TeamCity `##teamcity[`. GitLab folds at `section_start:` and `section_end:`. One blank inside the
 * marker breaks it, and the text stays readable.
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
