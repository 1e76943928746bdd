import { describe, expect, it } from 'vitest';
import { createMask } from './mask.ts';

describe('createMask', () => {
  const mask = createMask(['s3cret "word"', 's3cret']);

  it.each([
    ['as it is', 'password=s3cret "word"!', 'password=***!'],
    ['base64', `auth ${Buffer.from('s3cret "word"').toString('base64')}`, 'auth ***'],
    ['in a URL', 'https://example.com/?p=s3cret%20%22word%22', 'https://example.com/?p=***'],
    ['in JSON', '{"p":"s3cret \\"word\\""}', '{"p":"***"}'],
    ['a shorter one', 's3cret', '***'],
  ])('%s', (_name, text, expected) => expect(mask(text)).toBe(expected));

  it('reaches every string of a value and leaves the rest', () => {
    expect(mask({ a: ['x', { b: 's3cret' }], n: 1, t: true, u: undefined })).toEqual({
      a: ['x', { b: '***' }],
      n: 1,
      t: true,
      u: undefined,
    });
  });

  it('leaves words that are too short to be secrets', () => {
    expect(createMask(['test'])('a test')).toBe('a test');
  });
});
