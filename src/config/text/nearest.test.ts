import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it.each([
    ['servces', ['services', 'cluster'], 'services'],
    ['iamge', ['image', 'deploy'], 'image'],
    ['Namespace', ['namespace'], 'namespace'],
    ['jar', ['war', 'image'], 'war'],
  ])('%s is %s -> %s', (word, candidates, expected) => expect(nearest(word, candidates)).toBe(expected));

  it('finds nothing if no word is near', () => {
    expect(nearest('gradle', ['image', 'deploy', 'needs'])).toBeUndefined();
  });
});
