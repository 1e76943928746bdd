/** The written parts of docs/config.md: what a table of keys cannot say. */

/** What comes before the tables. */
export const introduction = `
<!-- Generated from src/config; change it there, then run the tests of that folder with UPDATE_GENERATED=1. -->

# appdev.yaml

One file, \`appdev.yaml\`, describes a project: its services, how each is built and deployed, and where to. appdev looks
for it in the folder it is started in and then upwards, as far as the folder that holds \`.git\` (outside of a git
repository: in the folder only); \`-f\` names another file.

The smallest one for a Spring Boot service with a chart:

\`\`\`yaml
apiVersion: appdev/v1
name: shop
services:
  orders:
    jar: {}
    deploy:
      helm: {chart: deploy/chart}
\`\`\`

- Relative paths start at the folder of the file that they are written in.
- An unknown key is an error, as is a path that does not exist. All errors are shown at once, each with its file, line
  and column, and with the nearest known name where there is one.
- Put \`# yaml-language-server: $schema=./schema.json\` on the first line to have your editor complete keys
  (\`appdev config schema > schema.json\` writes the schema). \`appdev.yaml.example\` shows every key in use.
`;

/** What comes after the tables. */
export const rules = `
## Profiles

A profile is a named variant of the file: an \`overlay\`, and \`patches\` for what an overlay cannot say.

**Selection.** First come the profiles that are active by themselves, in the order of the file; then those of \`-p\`, in
the order of the command line. \`-p -name\` takes a profile out that came before it.
\`--profile-auto-activation=false\` leaves only those of \`-p\`. An unknown name is an error.

**Activation.** A profile is active by itself when all conditions of one entry of its \`activation\` hold; one entry is
enough.

| condition | holds when |
| --- | --- |
| \`env: "NAME=value"\` | the variable is equal to the value, or the value is a regular expression that matches a part of it |
| \`env: "NAME="\` | the variable is empty or not set |
| \`env: "NAME=!"\` | the variable is set and not empty |
| \`kubeContext: "kind-.*"\` | the context that is deployed to fits: the one of \`--kube-context\`, else \`cluster.context\` without profiles, else the current one. A context that is not known fits nothing |
| \`command: dev\` | that command runs |

\`!\` in front of a value negates it: \`kubeContext: "!kind-.*"\`. A regular expression matches anywhere in the text unless
\`^\` and \`$\` tie it down. A profile that is active because of the context, and an overlay that then changes the context,
are an error unless \`--kube-context\` names it.

**Overlay.** Maps are merged key by key. Lists and single values are replaced, by \`false\`, \`0\`, \`""\` and \`[]\` as well;
\`null\` removes a key. Three things are replaced as a whole, because their parts belong together:

- \`deploy\`: an overlay with \`kustomize\` takes the place of \`helm\` or \`manifests\`, and the other way round.
- \`image\`: an overlay with \`base\` takes the place of \`containerfile\`, \`context\` and \`buildArgs\`; one with
  \`containerfile\` takes the place of \`base\`.
- \`registry\`: an overlay with \`push\` names another registry, so \`pull\`, \`inCluster\`, \`insecure\` and \`copy\` of the earlier
  one do not carry over.

**Patches** are those of RFC 6902 (\`add\`, \`remove\`, \`replace\`, \`move\`, \`copy\`, \`test\`), applied after the overlay of the
same profile; \`op\` is \`replace\` when it is left out, and \`/-\` at the end of a path appends to a list. A patch that does not
fit is an error.

\`appdev config print\` shows what comes out of all this, and \`appdev config print --origin\` the file, line and profile of
each value.

## Personal settings: appdev.local.yaml and .env

\`appdev.local.yaml\` beside \`appdev.yaml\` is an overlay of your own, laid over everything else; do not commit it. \`.env\`
beside it sets variables; those of the environment win. In CI (where the variable \`CI\` is set to anything but \`false\` or \`0\`)
neither is read.

## Variables

| written | becomes |
| --- | --- |
| \`\${NAME}\` | the value of the variable; an error where it is not set |
| \`\${NAME:-default}\` | the value, or \`default\` where the variable is empty or not set |
| \`$\${\` | a literal \`\${\` |

Variables work in values that are strings, not in keys and not in \`profiles\` that are not active. They are filled in after
the file was read, so that whatever a variable holds, it stays one string. Values of variables that look like secrets by
their names (\`…PASSWORD\`, \`…TOKEN\`, \`…SECRET\`, …) are not shown by \`appdev config print\`.
`;
