import { afterEach, describe, expect, it } from 'vitest';
import { handleSignals, type Signals } from './signals.ts';

let signals: Signals;
let hurried: number[];
afterEach(() => {
  signals.dispose();
});

function handle(): void {
  hurried = [];
  signals = handleSignals((exitCode) => hurried.push(exitCode));
}

describe('handleSignals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('does the same at %s as at Ctrl-C, but for the exit code', (name, exitCode) => {
    const before = process.listeners(name);
    handle();
    // Sent by the handler that was installed: this process has others of the test runner's.
    const [send = () => undefined, ...more] = process.listeners(name).filter((one) => !before.includes(one));
    expect(more).toEqual([]);
    send(name);
    expect([signals.shutdown.reason, signals.exitCode(), hurried]).toEqual(['shutdown', exitCode, []]);
    send(name);
    signals.interrupt();
    expect([signals.exitCode(), hurried]).toEqual([exitCode, [exitCode, 130]]);
    signals.dispose();
    expect(process.listeners(name)).toEqual(before);
  });

  it('takes the first Ctrl-C for a request and the second for an order', () => {
    handle();
    signals.interrupt();
    expect([signals.shutdown.reason, signals.exitCode(), hurried]).toEqual(['shutdown', 130, []]);
    signals.interrupt();
    expect(hurried).toEqual([130]);
  });

  it('does not hurry for a normal end, however often it is asked for', () => {
    handle();
    signals.end();
    signals.end();
    expect([signals.shutdown.reason, signals.exitCode(), hurried]).toEqual(['shutdown', undefined, []]);
    // Ctrl-C after q is the second request.
    signals.interrupt();
    expect(hurried).toEqual([130]);
  });

  it('goes on with the clean-up that a signal began when a normal end is asked for', () => {
    handle();
    signals.interrupt();
    signals.end();
    expect([signals.exitCode(), hurried]).toEqual([130, []]);
  });
});
