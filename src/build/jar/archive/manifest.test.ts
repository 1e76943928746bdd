import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manifestText, parseManifest } from './manifest.ts';

describe('manifests', () => {
  it('are read with any line ends, continued lines, and the main section only', () => {
    const text =
      'Manifest-Version: 1.0\r\nClass-Path: lib/a.jar l\r\n ib/b.jar\r\nEmpty: \r\n\r\nName: x\r\nStart-Class: no\r\n';
    const expected = new Map([
      ['Manifest-Version', '1.0'],
      ['Class-Path', 'lib/a.jar lib/b.jar'],
      ['Empty', ''],
    ]);
    expect(parseManifest(text)).toEqual(expected);
    expect(parseManifest(text.replaceAll('\r\n', '\n'))).toEqual(expected);
  });

  it('are written in lines of at most 72 bytes, and read back as they were', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~äß日]{0,300}$/), (value) => {
        const attributes = new Map([['Class-Path', value]]);
        const text = manifestText(attributes);
        for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(72);
        expect(parseManifest(text)).toEqual(attributes);
      }),
    );
  });
});
