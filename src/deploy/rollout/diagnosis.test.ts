import { describe, expect, it } from 'vitest';
import type { Cause } from './causes/cause.ts';
import { rolloutError } from './diagnosis.ts';
import { lastWords } from './spring.ts';

const crash: Cause = {
  kind: 'crash',
  object: 'Pod/web-1',
  pod: 'web-1',
  container: 'app',
  message: 'container app ended 3 times: exit code 1',
  endsAfterMs: 0,
  log: 'previous',
};
const rollout = {
  service: 'web',
  workload: 'Deployment/web',
  namespace: 'dev',
  context: 'kind-shop',
  waitingFor: '1 pod to be ready (0 are)',
  olderReady: 0,
  log: [],
};
const report = [
  '2026-01-01T00:00:00.000Z ERROR 1 --- [main] o.s.b.d.LoggingFailureAnalysisReporter :',
  '',
  '***************************',
  'APPLICATION FAILED TO START',
  '***************************',
  '',
  'Description:',
  '',
  "Failed to configure a DataSource: 'url' attribute is not specified",
  'and no embedded datasource could be configured.',
  '',
  'Reason: Failed to determine a suitable driver class',
  '',
  'Action:',
  '',
  'Consider the following:',
  '\tIf you want an embedded database (H2, HSQL or Derby), please put it on the classpath.',
  '',
];

describe('rolloutError', () => {
  it('names the object, the cause, what still serves, and the next command', () => {
    const error = rolloutError({ ...rollout, cause: crash, olderReady: 2, log: ['one', 'two'] });
    expect(error).toEqual({
      code: 'ROLLOUT_FAILED',
      message:
        'Deployment/web did not become ready: Pod/web-1: container app ended 3 times: exit code 1; the old version is still serving (2 pods)',
      hint: 'kubectl --context kind-shop -n dev logs web-1 -c app --previous',
      evidence: ['one', 'two'],
    });
  });

  it("puts Spring's own analysis first, and its proposal as the hint", () => {
    const error = rolloutError({ ...rollout, cause: crash, log: report });
    expect(error.message).toContain(
      "exit code 1: Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be configured.; no older version is serving",
    );
    expect(error.hint).toMatch(/^Consider the following: If you want an embedded database/);
  });

  it('says what was waited for if there is no cause, and for how long', () => {
    const { message, hint } = rolloutError({ ...rollout, deadlineMs: 90_000 });
    expect(message).toBe(
      'Deployment/web did not become ready within 90 s: it is waiting for 1 pod to be ready (0 are); no older version is serving',
    );
    expect(hint).toBe('kubectl --context kind-shop -n dev describe deployment/web');
  });

  it('shows the last lines of a long log', () => {
    const log = Array.from({ length: 60 }, (_, index) => `line ${index}`);
    const { evidence } = rolloutError({ ...rollout, cause: crash, log });
    expect(evidence).toHaveLength(20);
    expect(evidence?.at(-1)).toBe('line 59');
  });
});

describe('lastWords', () => {
  it.each([
    [
      ['Exception in thread "main" java.lang.IllegalStateException: no port', '\tat a.B.c(B.java:1)'],
      'java.lang.IllegalStateException: no port',
    ],
    [
      [
        'org.x.BeanCreationException: bean',
        'Caused by: org.y.Middle: middle',
        '\t... 3 more',
        'Caused by: java.net.ConnectException: refused',
      ],
      'java.net.ConnectException: refused',
    ],
    [
      ['Error: Could not find or load main class com.example.App'],
      'Error: Could not find or load main class com.example.App',
    ],
    [['all is well'], undefined],
    [['APPLICATION FAILED TO START', 'and then the log was cut'], undefined],
  ])('of %j', (lines, cause) => {
    expect(lastWords(lines)?.cause).toBe(cause);
  });

  it('are those of the last start, if a log holds several', () => {
    const first = report.map((line) => line.replace('DataSource', 'Something Else'));
    expect(lastWords([...first, ...report])?.cause).toContain('DataSource');
  });
});
