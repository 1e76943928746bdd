import { describe, expect, it } from 'vitest';
import { dockerRule, excludeAlso } from './dockerignore.ts';

/** Names of files and folders (with a slash) that the rule leaves. */
function left(text: string, names: readonly string[]): string[] {
  const rule = dockerRule('/c', text);
  return names.filter((name) => !rule(`/c/${name.replace(/\/$/, '')}`, name.endsWith('/')));
}

describe('dockerRule', () => {
  it('anchors patterns at the context, unlike git', () => {
    expect(left('target\n*.md', ['target/', 'a/target/', 'README.md', 'docs/README.md'])).toEqual([
      'a/target/',
      'docs/README.md',
    ]);
    expect(left('**/target\n**/*.md', ['target/', 'a/target/', 'docs/README.md', 'x'])).toEqual(['x']);
  });

  it('excludes what lies in an excluded folder', () => {
    expect(left('target', ['target/classes/A.class', 'src/A.java'])).toEqual(['src/A.java']);
  });

  it('lets ! bring back what lies in an excluded folder, the last match deciding', () => {
    const text = '*\n!target/*.jar\ntarget/*-sources.jar';
    const names = [
      'target/',
      'src/',
      'pom.xml',
      'target/app.jar',
      'target/app-sources.jar',
      'target/classes/',
    ];
    expect(left(text, names)).toEqual(['target/', 'target/app.jar']);
  });

  it('does not list folders that ! cannot reach into', () => {
    expect(left('*\n!target/app.jar', ['node_modules/', 'target/'])).toEqual(['target/']);
    expect(left('*\n!**/*.jar', ['node_modules/', 'target/'])).toEqual(['node_modules/', 'target/']);
  });

  it('ignores comments, blank lines, slashes and carriage returns', () => {
    expect(left('# all\r\n\r\n/logs/\r\n./tmp\r\n', ['logs/', 'tmp/', '# all', 'x'])).toEqual(['# all', 'x']);
  });

  it('takes braces literally, as Go does', () => {
    expect(left('{a,b}', ['a', 'b', '{a,b}'])).toEqual(['a', 'b']);
  });
});

describe('excludeAlso', () => {
  it('leaves files out that the text brings back, by their very names', () => {
    const rule = dockerRule('/c', excludeAlso('*\n!target/*.jar', ['target/a[1].jar', 'target/b.jar']));
    expect(['a[1].jar', 'b.jar', 'a1.jar'].map((name) => rule(`/c/target/${name}`, false))).toEqual([
      true,
      true,
      false,
    ]);
  });
});
