import { describe, expect, it } from 'vitest';
import { contextReads, copiesOnly, copySources, mountsContext } from './copy-sources.ts';

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
    expect(of('ARG A=1 B="two"\nENV C=${A}/$B\nENV D old form\nCOPY ["$C", "${D}", "/"]')).toEqual([
      '1/two',
      'old form',
    ]);
  });

  it.each([
    ['FROM a\nCOPY <<EOF /out.txt\nhello\nEOF\nRUN <<EOF\necho more >> /out.txt\nEOF\nUSER 1', []],
    ['COPY <<EOF /etc/x\nCOPY . .\nRUN --mount=target=/x y\nEOF\nCOPY b /c', ['b']],
    [
      'COPY <<"ONE" a.txt <<-\'TWO\' \\\n  b.txt /etc/\nONE\n\tCOPY q /\n\tTWO\nCOPY c /',
      ['a.txt', 'b.txt', 'c'],
    ],
    ['RUN --mount=source=a,target=/a <<EOF sh\nCOPY . .\nEOF\nCOPY b /c', ['a', 'b']],
  ])(
    'reads nothing in the text of a here-document, which is not a file of the context: %j',
    (text, expected) => {
      expect(of(text)).toEqual(expected);
    },
  );

  it('reads JSON lists and continued lines', () => {
    expect(of('COPY ["a b.txt", "c", "/d/"]')).toEqual(['a b.txt', 'c']);
    expect(of('COPY --link ["a  b.txt", \\\n # why\n "c", "/d/"]')).toEqual(['a  b.txt', 'c']);
    expect(of('COPY a \\\n  # why\n  b \\\n  /c/')).toEqual(['a', 'b']);
    expect(of('# escape=`\nCOPY a `\n b /c')).toEqual(['a', 'b']);
    expect(of('FROM a\n# escape=`\nCOPY a ` /c')).toEqual(['a', '`']);
    expect(of('\uFEFFCOPY a \\\r\n\r\n b /c\r\nCOPY d \\')).toEqual(['a', 'b']);
  });

  it.each([
    'COPY . .',
    'COPY ./ /app',
    'ADD / /app',
    'COPY ${UNKNOWN} /',
    'COPY ../x /',
    'ADD <<EOF /etc/x\nhello\nEOF',
    'COPY <<"EOF /etc/x',
    'COPY ${X:+a} /',
    'RUN --mount=type=bind,target=/src mvn package',
    'RUN --mount=target=/src mvn package',
    'RUN --mount=type=bind,source=.,target=/src x',
    'RUN --mount=source=${UNKNOWN},target=/src x',
    'RUN --mount=from=b,target=/x --mount=target=/src x',
  ])('is everything where it is not certain: %s', (text) => {
    expect(of(text)).toBe('all');
  });

  it.each([
    ['RUN --mount=target=/ctx,source=src cat /ctx/a.txt', ['src']],
    ['run --mount=type=bind,src=./src/a.txt,destination=/a x', ['src/a.txt']],
    ['RUN --mount="target=/ctx,source=a dir" x', ['a dir']],
    ["RUN --mount=target=/ctx,'source=/src/',ro x", ['src']],
    ['ARG DIR=conf\nRUN --mount=target=/ctx,source=$DIR x', ['conf']],
    [
      'RUN \\\n  --mount=from=b,target=/x \\\n  --mount=source=one,target=/1 --mount=source=two,target=/2 x',
      ['one', 'two'],
    ],
    ['RUN --network=none --security=insecure --mount=source=a,target=/a x', ['a']],
  ])('names what a bind mount shows, which is the default type: %j', (text, expected) => {
    expect(of(text)).toEqual(expected);
    expect(mountsContext(text, {})).toBe(true);
  });

  it.each([
    'RUN --mount=type=cache,target=/root/.m2,source=a mvn package',
    'RUN --mount=type=bind,from=b,target=/x --mount=from=$C,target=/y y',
    'RUN --mount=type=secret,id=x --mount=type=tmpfs,target=/x --mount=type=ssh x',
    'RUN podman run --mount=type=bind,target=/x y',
    'COPY a /b',
  ])('does not take for the context what is mounted from elsewhere: %s', (text) => {
    expect(mountsContext(text, {})).toBe(false);
    expect(of(text)).toEqual(text === 'COPY a /b' ? ['a'] : []);
  });

  it.each([
    ['COPY target/*.jar /app.jar', true],
    ['COPY ["target/*.jar", "app.jar"]', true],
    ['COPY --chown=1:1 target/*.jar /app/', false],
    ['COPY target/*.jar .', false],
    ['COPY target/*.jar /app/.', false],
    ['COPY target/*.jar conf /app', false],
  ])('tells whether one file is meant: %s', (text, toFile) => {
    expect(contextReads(text, {})).toMatchObject([{ by: 'copy', toFile }]);
  });
});

describe('copiesOnly', () => {
  it.each([
    ['FROM a\nCOPY x /\nENTRYPOINT ["RUN"]', true],
    ['FROM a\nrun apt-get update', false],
    ['FROM a\nONBUILD RUN x', false],
    ['FROM a\nCOPY <<EOF /x\nRUN x\nEOF', true],
    ['FROM a\n# RUN x\nLABEL x=y \\\n  RUN=1', true],
  ])('%j: %s', (text, expected) => {
    expect(copiesOnly(text)).toBe(expected);
  });
});
