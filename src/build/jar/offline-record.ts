/**
 * Remembers which builds have everything they need in the build tool's local cache, so that it need not use the
 * network. A record is valid for a day: that is how long Maven and Gradle themselves trust a snapshot before they look
 * for a newer one.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { numberAt, stringAt } from '../../support/fields.ts';
import { readState, writeState } from '../../support/files/state-file.ts';

const validMs = 24 * 60 * 60 * 1000;

interface Record {
  readonly settings: string;
  readonly at: number;
}

/**
 * True if the last build with these settings succeeded less than a day ago.
 *
 * @param folder of the tool's records.
 * @param top absolute folder of the build.
 */
export async function isResolved(
  folder: string,
  top: string,
  settings: string,
  now: number,
): Promise<boolean> {
  const record = await readState<Record>(fileOf(folder, top), (value) => {
    const hash = stringAt(value, 'settings');
    const at = numberAt(value, 'at');
    return hash === undefined || at === undefined ? undefined : { settings: hash, at };
  });
  return (
    record !== undefined && record.settings === settings && now - record.at < validMs && now >= record.at
  );
}

/** Remembers a successful online build. If the record cannot be written, that only costs time. */
export async function rememberResolved(
  folder: string,
  top: string,
  settings: string,
  now: number,
): Promise<void> {
  await writeState(fileOf(folder, top), { settings, at: now } satisfies Record);
}

function fileOf(folder: string, top: string): string {
  return join(folder, `resolved-${createHash('sha256').update(top).digest('hex').slice(0, 16)}.json`);
}
