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
## Building by a Containerfile

- **The jar.** \`COPY target/*.jar app.jar\` (or \`build/libs/*.jar\`) takes the jar that this build made. Executable jars of
  older builds in the same folder are left out of the context. Where COPY names one file as its destination, so are all other
  jars that its pattern matches, such as Gradle's \`-plain.jar\`. The log names what is left out.
- **What builds the image again**: what COPY and ADD take, and what a RUN sees by \`--mount=type=bind\` (the default type) without
  \`from\`. Buildah shows such a RUN also files that .dockerignore excludes, and its cache does not notice when they change; a
  Containerfile with such a RUN is built without the cache.

## Building by a command

With \`builder: command\`, a program of yours builds the image and pushes it: BuildKit, podman, Jib, or a script.

\`\`\`yaml
image:
  builder: command
  containerfile: Containerfile
  command: {run: [./build-image.sh]}
\`\`\`

It is started in \`image.context\` (without it, the service's \`path\`) with appdev's own environment, \`command.env\`, and
these variables:

| variable | holds | Skaffold's |
| --- | --- | --- |
| \`APPDEV_IMAGE\` | the reference to push: registry, repository and tag | \`IMAGE\` |
| \`APPDEV_REPOSITORY\`, \`APPDEV_TAG\` | its two parts | – |
| \`APPDEV_CONTEXT\` | absolute path of the build context | \`BUILD_CONTEXT\` |
| \`APPDEV_PLATFORM\` | the platform to build for, e.g. \`linux/amd64\`: that of this machine | \`PLATFORMS\` |
| \`APPDEV_JAR\` | absolute path of the jar, in the build tool's output folder; only with \`jar\` | – |
| \`APPDEV_CONTAINERFILE\` | absolute path; only with \`containerfile\` | – |
| \`APPDEV_SERVICE\` | the service's name | – |
| \`APPDEV_REGISTRY\` | host[:port] of the registry | – |
| \`APPDEV_REGISTRY_INSECURE\` | \`true\` where plain HTTP is declared, else \`false\` | – |
| \`APPDEV_AUTHFILE\` | a \`config.json\` with the credentials that appdev has found for this registry, if any: for \`--authfile\` of podman and skopeo, and with its folder as \`DOCKER_CONFIG\` for BuildKit and Jib. Not what the variable of \`--authfile\` named, but a file of this build's own | – |
| \`APPDEV_REGISTRY_CA\` | absolute path of a \`ca.crt\` with the certificate authority that \`registry.ca\` (or this variable, given to appdev) names, alone in its folder: for \`--cert-dir\` of podman, Buildah and skopeo; only with one | – |
| \`APPDEV_DIGEST_FILE\` | where the command may write the digest of what it pushed | – |
| \`SOURCE_DATE_EPOCH\` | \`0\` unless it is set already: builders that know it make equal images of equal content | – |
| \`TMPDIR\` | a folder that is removed afterwards | – |

The image is always pushed (Skaffold's \`PUSH_IMAGE\` would always be \`true\`), so the command needs a registry. What counts
is what the registry has afterwards: the digest that was written to \`APPDEV_DIGEST_FILE\`, or without one, the image under
\`APPDEV_IMAGE\`, a tag that was not there before. A command that ends with exit code 0 without that has failed. The digest may
stand by itself, as \`podman push --digestfile\` and Jib (\`jib.outputPaths.digest\`) write it, behind a name (\`name@sha256:…\`), or in
BuildKit's metadata.

\`\`\`sh
# podman
podman build --timestamp 0 -t "$APPDEV_IMAGE" -f "$APPDEV_CONTAINERFILE" "$APPDEV_CONTEXT"
podman push --authfile "$APPDEV_AUTHFILE" --digestfile "$APPDEV_DIGEST_FILE" "$APPDEV_IMAGE"

# BuildKit
DOCKER_CONFIG=$(dirname "$APPDEV_AUTHFILE") buildctl build --frontend dockerfile.v0 --local context=. --local dockerfile=. \\
  --opt filename=Containerfile --opt platform="$APPDEV_PLATFORM" --metadata-file "$APPDEV_DIGEST_FILE" \\
  --output "type=image,name=$APPDEV_IMAGE,push=true,registry.insecure=$APPDEV_REGISTRY_INSECURE,rewrite-timestamp=true"

# Jib (not tried by appdev's own tests)
mvn jib:build -Djib.to.image="$APPDEV_IMAGE" -Djib.outputPaths.digest="$APPDEV_DIGEST_FILE"
\`\`\`

- **No shell.** \`run\` is a program and its arguments as they are; where you want a shell, write one:
  \`run: [sh, -euc, 'make image']\`. \`\${NAME}\` is filled in by appdev, \`$NAME\` is left to the shell.
- **Inputs.** A changed jar, a changed file of the context, and a changed file of the project that the command line names
  (\`./build-image.sh\`) build the image again. Of the context count what \`containerfile\` copies, or without it all files, but
  for those that .dockerignore or .gitignore leave out and the output folders of build tools. \`command.dependencies\` takes
  the place of the context.
- **Older jars.** The program sees the whole context. An executable jar of an older build that a pattern in \`containerfile\` takes
  as well is an error (JAR_AMBIGUOUS), which names the file to remove.
- **Cancel.** A newer save ends the command with all that it started in its process group. What it starts elsewhere (a daemon) is its
  own affair; programs that survive a killed appdev are ended at the next start.
- **Trust.** Whoever writes appdev.yaml decides what runs on the machine that builds it, as with a Maven plugin, a wrapper script or
  a Makefile. appdev asks nothing, here or in CI, and names each command before it first runs it in a session. Read appdev.yaml before
  you run a project of somebody else's.
- **Cluster.** \`KUBECONFIG\` is a file of the session with the one context that appdev works with, whatever becomes the current one
  meanwhile; \`command.env\` may say otherwise.
- \`image.base\` and \`image.buildArgs\` mean nothing to a command; hand it what it needs by \`command.env\`.

## Two registries

\`registry.pull\` is usually another name of the registry that \`push\` names. Where it is another registry, because the nodes
may not reach the one that builders push to, \`registry.copy\` has appdev bring each image there:

\`\`\`yaml
registry:
  push: ci.example.com/shop
  pull: prod.example.com/shop
  copy: {} # {insecure: true} where the second one speaks plain HTTP
\`\`\`

The copy is made by digest with skopeo and keeps the digest, that of an image for several platforms too; what is there already is not
copied again. With a Harbor as the first one, only what its project and the scan let through is copied; what was copied
before stays. Server errors, connections that break and a token that runs out are tried again, as in a push.

skopeo gets the logins that appdev has found ([docs/harbor.md](harbor.md#credentials)): for each of the two registries its own. The
pair of the environment (\`APPDEV_REGISTRY_USER\`) is for the host of \`push\` alone; the second registry's login, where that is
another host, has to be in the file of \`--authfile\` or among your own. \`registry.ca\` is trusted at both, in place of what
\`/etc/containers/certs.d\` has for them; its file may hold several authorities. appdev removes nothing from the second
registry.

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
- \`registry\`: an overlay with \`push\` names another registry, so \`pull\`, \`inCluster\`, \`multiLevel\`, \`insecure\` and
  \`copy\` of the earlier one do not carry over.

**Patches** are those of RFC 6902 (\`add\`, \`remove\`, \`replace\`, \`move\`, \`copy\`, \`test\`), applied after the overlay of the
same profile; \`op\` is \`replace\` when it is left out, and \`/-\` at the end of a path appends to a list. A patch that does not
fit is an error.

\`appdev config print\` shows what comes out of all this, and \`appdev config print --origin\` the file, line and profile of
each value.

## Personal settings: appdev.local.yaml and .env

\`appdev.local.yaml\` beside \`appdev.yaml\` is an overlay of your own, laid over everything else; do not commit it. \`.env\`
beside it sets variables; those of the environment win. In CI (where the variable \`CI\` is set to anything but \`false\` or \`0\`)
neither is read.

## Tags

An image is deployed by its digest, under a tag that is made from its content: equal content, equal reference, no rollout.
\`tags.template\` adds a tag for people, and for the retention rules of the registry: \`build\` and \`run\` put it on the image in
the registry, and write it into artifacts.json (\`tags\`). What is deployed keeps the other one, so that a commit which
changes no byte of an image puts one more tag on it and rolls nothing out. \`dev\` puts none: each save would leave one behind.

| as in Skaffold | write |
| --- | --- |
| \`inputDigest\` | nothing (the tag of the content), or \`template: "{inputDigest}"\` |
| \`gitCommit\` | \`template: "{gitCommit}"\`, with \`gitCommit: {variant: …, prefix: …, ignoreChanges: …}\` |
| \`dateTime\` | \`template: "{dateTime}"\`, with \`dateTime: {format: …, timezone: …}\` |
| \`envTemplate\` | \`template: "\${BRANCH}-\${BUILD_NUMBER}"\` |
| \`customTemplate\` | \`template: "v2-{gitCommit}-{dateTime}"\` |

Characters that no tag may hold become \`_\`, and what is longer than 128 characters is cut. \`-dirty\` follows the commit when
the service's folder holds changes that are not committed, and no cut takes it away; where git cannot tell whether there are
any, there is no tag but an error, unless \`ignoreChanges\` is \`true\`. A tag that names another image moves, and appdev says so; a
registry that keeps tags as they are refuses that (TAG_IMMUTABLE). An image with such a tag is never pruned.

## Names of images

\`image.repository\` is below \`registry\`: \`shop/orders\` is pushed as \`localhost:5001/shop/orders\`. One that names a host, as
the manifests of many projects do, is rewritten by the rules that Skaffold's users know from \`--default-repo\`, and nothing
goes to that host:

| \`image.repository\` | \`registry.push\` | pushed as |
| --- | --- | --- |
| \`registry.example.com/team/orders\` | \`localhost:5001\` | \`localhost:5001/registry_example_com_team_orders\` |
| the same, \`multiLevel: true\` | \`harbor.example.com/shop\` | \`harbor.example.com/shop/registry.example.com/team/orders\` |
| \`gcr.io/default/example/orders\` | \`gcr.io/default/repository\` | \`gcr.io/default/repository/example/orders\` |
| \`localhost:5001/orders\` | \`localhost:5001\` | as it is |

Manifests may go on naming \`registry.example.com/team/orders\`, with any tag: that name gets the pushed reference. One that is
pinned by digest is left alone. One rule differs from Skaffold's: a name without a host stays as it is written and is not
made one part.

As in Skaffold, the name counts in the manifests of every service: where an init container or a CronJob of \`orders\` has
\`image: migrations\`, and \`migrations\` is a service of the project, it gets the image that was built of \`migrations\`. It comes
from this run, from artifacts.json or from \`--images\`; where none of them has it, nothing is deployed (IMAGE_MISSING).
\`dev\` waits with \`orders\` until the image is there, and renders and applies \`orders\` anew whenever \`migrations\` gets
another digest. Its image is all that \`orders\` waits for; \`needs\` is for what must be deployed and ready before.

In what a chart renders no name is replaced, for the release keeps the chart's values. A chart gets its own image by
\`imageValues\`, and those of other services by \`otherImageValues\`:

\`\`\`yaml
services:
  orders:
    deploy:
      helm:
        chart: deploy/chart
        otherImageValues:
          migrations: {repository: migrations.image.repository, tag: migrations.image.tag}
\`\`\`

A chart that names another service's image by itself is refused with IMAGE_NOT_USED, unless it pins it by digest.

## Variables

| written | becomes |
| --- | --- |
| \`\${NAME}\` | the value of the variable; an error where it is not set |
| \`\${NAME:-default}\` | the value, or \`default\` where the variable is empty or not set |
| \`$\${\` | a literal \`\${\` |

Variables work in values that are strings, not in keys and not in \`profiles\` that are not active. They are filled in after
the file was read, so that whatever a variable holds, it stays one string. 
Values of variables that look like secrets by their names (\`…PASSWORD\`, \`…TOKEN\`, \`…SECRET\`, …) are secrets, where they have
six characters or more:

- No output and no file of \`.appdev/logs\` shows them: \`***\` stands there, also for their base64, URL and JSON forms. The manifests
  that \`appdev render\` prints are the exception, for they are what will be applied.
- No command line holds them. Chart values and build arguments go another way; in \`jar.args\`, \`image.command.run\` and build
  arguments that are settings of Buildah's by their names (\`HTTP_PROXY\`, \`PATH\`), or go into a build pod (\`kaniko\`), they are an
  error. A variable that is no secret needs another name.
`;
