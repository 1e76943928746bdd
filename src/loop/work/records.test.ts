import { describe, expect, it } from 'vitest';
import type { Artifact } from '../../core/events.ts';
import { failed, ok } from '../../core/outcome.ts';
import { createRecords, type StateFiles } from './records.ts';

const artifact = (inputHash: string): Artifact => ({
  service: 'orders',
  repository: 'localhost:5001/orders',
  pullRepository: 'localhost:5001/orders',
  tag: inputHash,
  digest: `sha256:${inputHash}`,
  inputHash,
});
const key = (inputHash: string, tests = '', target = 'localhost:5001') => ({ inputHash, tests, target });

function inMemory(): StateFiles & { readonly files: Map<string, unknown> } {
  const files = new Map<string, unknown>();
  return {
    files,
    read: (path) => Promise.resolve(files.get(path)),
    write: (path, value) => {
      files.set(path, structuredClone(value));
      return Promise.resolve(ok(undefined));
    },
  };
}

describe('records', () => {
  it('are found by a later session', async () => {
    const files = inMemory();
    await createRecords('/p/.appdev', files).add('orders', key('a'), artifact('a'));
    expect([...files.files.keys()]).toEqual(['/p/.appdev/artifacts/orders.json']);
    expect(await createRecords('/p/.appdev', files).find('orders', key('a'))).toEqual(artifact('a'));
  });

  it('of before builds left nothing old in the jar are not trusted', async () => {
    const files = inMemory();
    files.files.set('/p/.appdev/artifacts/orders.json', {
      version: 1,
      artifacts: [{ ...key('a'), artifact: artifact('a') }],
    });
    expect(await createRecords('/p/.appdev', files).find('orders', key('a'))).toBeUndefined();
  });

  it('are for those inputs and that target only', async () => {
    const records = createRecords('/s', inMemory());
    await records.add('orders', key('a'), artifact('a'));
    expect(await records.find('orders', key('b'))).toBeUndefined();
    expect(await records.find('stock', key('a'))).toBeUndefined();
    expect(await records.find('orders', key('a', '', 'harbor.example.com'))).toBeUndefined();
  });

  it('count only with passed tests if tests must pass', async () => {
    const records = createRecords('/s', inMemory());
    await records.add('orders', key('a'), artifact('a'));
    expect(await records.find('orders', key('a', 'tests-1'))).toBeUndefined();
    await records.add('orders', key('a', 'tests-1'), artifact('a'));
    expect(await records.find('orders', key('a', 'tests-1'))).toEqual(artifact('a'));
    expect(await records.find('orders', key('a', 'tests-2'))).toBeUndefined();
    expect(await records.find('orders', key('a'))).toEqual(artifact('a'));
  });

  it('keep the newest ten', async () => {
    const records = createRecords('/s', inMemory());
    for (let index = 0; index < 12; index += 1)
      await records.add('orders', key(`h${index}`), artifact(`h${index}`));
    expect(await records.find('orders', key('h1'))).toBeUndefined();
    expect(await records.find('orders', key('h2'))).toEqual(artifact('h2'));
  });

  it('that are damaged or of another version are none', async () => {
    const files = inMemory();
    for (const content of [
      'nonsense',
      { version: 2, artifacts: [] },
      { version: 1, artifacts: [{ inputHash: 'a' }] },
    ]) {
      files.files.set('/s/artifacts/orders.json', content);
      expect(await createRecords('/s', files).find('orders', key('a'))).toBeUndefined();
    }
  });

  it('that cannot be written serve the session all the same', async () => {
    const write = () => Promise.resolve(failed('DISK_FULL', 'no space'));
    const records = createRecords('/s', { ...inMemory(), write });
    await records.add('orders', key('a'), artifact('a'));
    expect(await records.find('orders', key('a'))).toEqual(artifact('a'));
  });
});
