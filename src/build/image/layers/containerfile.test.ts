import { describe, expect, it } from 'vitest';
import {
  lowerContainerfile,
  lowerKey,
  ownUserOf,
  partContainerfile,
  upperContainerfile,
} from './containerfile.ts';

const base = { name: 'eclipse-temurin:17-jre', id: 'abc123', user: '' };
const layers = [
  { name: 'dependencies', folder: 'dependencies-1', size: 1 },
  { name: 'snapshot-dependencies', folder: 'snapshot-dependencies-2', size: 1 },
];
const top = { name: 'application', folder: 'application-3', size: 1 };

describe('the Containerfiles of a layered image', () => {
  it('only copy, one COPY a layer, and end as a numeric user who owns the folder', () => {
    expect(lowerContainerfile(base, layers)).toBe(
      'FROM abc123\nCOPY --chown=10001:10001 dependencies-1/ /app/\nCOPY --chown=10001:10001 snapshot-dependencies-2/ /app/\n',
    );
    expect(
      upperContainerfile('localhost/appdev/orders:lower-1', base, top, [
        'java',
        '-jar',
        '/app/application.jar',
      ]),
    ).toBe(
      'FROM localhost/appdev/orders:lower-1\nCOPY --chown=10001:10001 application-3/ /app/\nWORKDIR /app\nUSER 10001:10001\nENTRYPOINT ["java","-jar","/app/application.jar"]\n',
    );
  });

  it('of a part copy onto nothing, with the owner that the base asks for', () => {
    expect(partContainerfile('scratch', base, [top])).toBe(
      'FROM scratch\nCOPY --chown=10001:10001 application-3/ /app/\n',
    );
    expect(partContainerfile('abc123', base, [])).toBe('FROM abc123\n');
    expect(ownUserOf(base)).toEqual({ user: '10001:10001' });
  });

  it('leave the user of the base alone', () => {
    const own = { ...base, user: 'nonroot' };
    expect(ownUserOf(own)).toEqual({});
    expect(upperContainerfile('l', own, top, ['java'])).not.toContain('USER');
    expect(lowerContainerfile(own, layers)).toContain('--chown=0:0');
  });

  it('have another key for another base or another layer', () => {
    const keys = [
      lowerKey(base, layers),
      lowerKey({ ...base, id: 'other' }, layers),
      lowerKey({ ...base, user: '1' }, layers),
      lowerKey(base, layers.slice(1)),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(lowerKey({ ...base, name: 'the same under another name' }, layers)).toBe(keys[0]);
  });
});
