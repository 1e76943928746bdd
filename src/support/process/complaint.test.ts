import { describe, expect, it } from 'vitest';
import { complaintEvidence, complaintLines, complaintText } from './complaint.ts';

/** The first two are output of Kustomize 5.8.1. The others are in the form that git and Buildah use, not recorded. */
const kustomize = `# Warning: 'bases' is deprecated. Please use 'resources' instead.
Error: map[string]interface {}(nil): yaml: unmarshal errors:
  line 3: mapping key "kind" already defined at line 2
  line 5: mapping key "metadata" already defined at line 4
`;
const patch =
  'Error: trouble configuring builtin PatchTransformer with config: `\npath: p.yaml\n`: unable to parse SM or JSON patch from [path: "p.yaml"] \n\n';
const git = `fatal: detected dubious ownership in repository at '/srv/shop'
To add an exception for this directory, call:

\tgit config --global --add safe.directory /srv/shop
`;
const buildah = `Error: 2 errors occurred:
\t* image used by 3c51: image is in use by a container
\t* 9f2e: image not known

`;

describe('a complaint', () => {
  it.each([
    [
      'of Kustomize, with its list',
      kustomize,
      'map[string]interface {}(nil): yaml: unmarshal errors: line 3: mapping key "kind" already defined at line 2 line 5: mapping key "metadata" already defined at line 4',
      3,
    ],
    [
      'of Kustomize, with a configuration in it',
      patch,
      'trouble configuring builtin PatchTransformer with config: ` path: p.yaml `: unable to parse SM or JSON patch from [path: "p.yaml"]',
      3,
    ],
    [
      'of git, with what to type',
      git,
      "fatal: detected dubious ownership in repository at '/srv/shop' To add an exception for this directory, call: git config --global --add safe.directory /srv/shop",
      3,
    ],
    [
      'of Buildah',
      buildah,
      '2 errors occurred: * image used by 3c51: image is in use by a container * 9f2e: image not known',
      3,
    ],
    ['of one line', 'pulling\nError: no such image\n', 'no such image', undefined],
    ['without a mark', 'it broke\nbadly\n', 'it broke badly', 2],
  ])('%s is whole', (_name, output, text, lines) => {
    const complaint = complaintLines(output.split('\n'));
    expect(complaintText(complaint)).toBe(text);
    expect(complaintEvidence(complaint).evidence?.length).toBe(lines);
  });

  it('that is long has its first line in the message, and is shown below', () => {
    const complaint = complaintLines([
      'Error: these are wrong:',
      ...Array<string>(50).fill('  one more object'),
    ]);
    expect(complaintText(complaint)).toBe('these are wrong:');
    expect(complaintEvidence(complaint).evidence).toHaveLength(20);
  });

  it('may be missing', () => {
    expect(complaintText(complaintLines(['', ' ']))).toBeUndefined();
  });
});
