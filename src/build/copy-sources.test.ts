import { describe, expect, it } from 'vitest';
import { copiesOnly, copySources } from './copy-sources.ts';

const of = (text: string, args: Readonly<Record<string, string>> = {}) => copySources(text, args);

describe('copySources', () => {
  it('names what COPY and ADD take from the context', () => {
    expect(
      of(`
# syntax=docker/dockerfile:1
FROM eclipse-temurin:17-jre
COPY target/*.jar app.jar
COPY --chown=app:app --chmod=0755 ./conf/ entry.sh /opt/
add "static" /srv/
ENTRYPOINT ["java", "-jar", "app.jar"]
`),
    ).toEqual(['target/*.jar', 'conf', 'entry.sh', 'static']);
  });

  it('leaves out what comes from another stage or from the network', () => {
    expect(of('FROM a AS b\nRUN x\nFROM c\nCOPY --from=b /x /y\nADD https://example.com/a.tgz /a')).toEqual(
      [],
    );
  });

  it('fills in ARG, its default or what the config gives', () => {
    const text =
      'ARG JAR_FILE=target/*.jar\nFROM a\nARG JAR_FILE\nCOPY ${JAR_FILE} app.jar\nCOPY $JAR_FILE b';
    expect(of(text)).toEqual(['target/*.jar', 'target/*.jar']);
    expect(of(text, { JAR_FILE: 'out/app.jar' })).toEqual(['out/app.jar', 'out/app.jar']);
    expect(of('COPY ${X:-lib}/a.jar /')).toEqual(['lib/a.jar']);
    expect(of('ENV D=data\nCOPY $D /')).toEqual(['data']);
  });

  it('reads JSON lists and continued lines', () => {
    expect(of('COPY ["a b.txt", "c", "/d/"]')).toEqual(['a b.txt', 'c']);
    expect(of('COPY a \\\n  # why\n  b \\\n  /c/')).toEqual(['a', 'b']);
    expect(of('# escape=`\nCOPY a `\n b /c')).toEqual(['a', 'b']);
  });

  it.each([
    'COPY . .',
    'COPY ./ /app',
    'ADD / /app',
    'COPY ${UNKNOWN} /',
    'COPY ../x /',
    'COPY <<EOF /etc/x\nhello\nEOF',
    'RUN --mount=type=bind,target=/src mvn package',
  ])('is everything where it is not certain: %s', (text) => {
    expect(of(text)).toBe('all');
  });

  it('does not take a cache mount, or one from elsewhere, for the context', () => {
    expect(
      of('RUN --mount=type=cache,target=/root/.m2 mvn package\nRUN --mount=type=bind,from=b,target=/x y'),
    ).toEqual([]);
  });
});

describe('copiesOnly', () => {
  it.each([
    ['FROM a\nCOPY x /\nENTRYPOINT ["RUN"]', true],
    ['FROM a\nrun apt-get update', false],
    ['FROM a\nONBUILD RUN x', false],
    ['FROM a\n# RUN x\nLABEL x=y \\\n  RUN=1', true],
  ])('%j: %s', (text, expected) => {
    expect(copiesOnly(text)).toBe(expected);
  });
});
