/** The written parts of docs/config.md: what a table of keys cannot say. */

/** What comes before the tables: the five keys to start with, and what holds for the whole file. */
export const introduction = `
<!-- Generated from src/config; change it there, then run the tests of that folder with UPDATE_GENERATED=1. -->

# appdev.yaml

One file, \`appdev.yaml\`, describes a project: its services, how each one is built, and where it is deployed.

## The five keys that everybody needs

| key | what to write |
| --- | --- |
| \`apiVersion\` | \`appdev/v1\`, always |
| \`name\` | a name for the project |
| \`services\` | one entry for each deployable app, by name |
| \`jar\`, of a service | \`{}\`: build its Spring Boot jar with the defaults |
| \`deploy\`, of a service | how it reaches the cluster: \`helm\`, \`kustomize\` or \`manifests\`, exactly one of them |

This file is complete:

\`\`\`yaml
apiVersion: appdev/v1
name: shop
services:
  orders:
    jar: {}
    deploy:
      helm: {chart: deploy/chart}
\`\`\`

With it, appdev builds the jar with Maven or Gradle, whichever build file lies beside \`appdev.yaml\`. It puts the jar in
layers on \`eclipse-temurin:17-jre\` and pushes the image to the registry of the cluster. Then it deploys the chart as the
release \`orders\`, into the namespace of the current context.

What most projects add next:

| you want | write |
| --- | --- |
| sources in another folder | \`path: orders\`, in the service |
| another base image | \`image: {base: …}\`, in the service |
| an image from your own Containerfile | \`image: {containerfile: Containerfile}\`, in the service |
| the service on a port of your machine | \`dev: {forward: ["8080:8080"]}\`, in the service |
| a database that is ready first | \`needs: [postgres]\`, in the service, and a service \`postgres\` with \`deploy\` only |
| a namespace of its own | \`cluster: {namespace: shop-dev}\` |
| other values in CI | a profile: see [How profiles work](#how-profiles-work) |

\`appdev.yaml.example\` shows every key in use.

## The file

- appdev looks for \`appdev.yaml\` in the folder that it is started in, then in each folder above, up to the one that holds
  \`.git\`. Outside of a git repository it looks in the first folder only. \`-f\` names another file.
- Relative paths start at the folder of the file that they are written in.
- An unknown key is an error. So is a path that does not exist.
- All errors are shown at once. Each has a file, a line and a column, and the nearest known name if there is one.
- Your editor completes keys if the first line is \`# yaml-language-server: $schema=./schema.json\`.
  \`appdev config schema > schema.json\` writes that schema.

The tables below list every key. These sections explain what a table cannot:

- [Building by a Containerfile](#building-by-a-containerfile)
- [Building by a command](#building-by-a-command)
- [Two registries](#two-registries)
- [How profiles work](#how-profiles-work)
- [Personal settings: appdev.local.yaml and .env](#personal-settings-appdevlocalyaml-and-env)
- [How tags work](#how-tags-work)
- [Names of images](#names-of-images)
- [Variables](#variables)
`;

/** What comes after the tables. */
export const rules = `
## Shared values

Top-level keys that begin with \`x-\` are a place for anchors. appdev reads them only where aliases repeat them. Merge keys
(\`<<\`) work too:

\`\`\`yaml
x-deploy: &deploy {deadline: 90s, restartsAllowed: 0}
services:
  orders:
    deploy: {<<: *deploy, manifests: [orders.yaml]}
\`\`\`

## Building by a Containerfile

**Which jar.** \`COPY target/*.jar app.jar\` (or \`build/libs/*.jar\`) takes the jar that this build made:

- Executable jars of older builds in the same folder are left out of the context.
- If COPY names one file as its destination, all other jars that its pattern matches are left out too, such as Gradle's
  \`-plain.jar\`.
- The log names what is left out.

**What builds the image again.** A change of:

- a file that COPY or ADD takes;
- a file that a RUN sees through \`--mount=type=bind\` (the default type) without \`from\`.

Buildah shows such a RUN even files that .dockerignore excludes, and its cache does not notice when they change. So appdev
builds a Containerfile with such a RUN without the cache.

## Building by a command

With \`builder: command\`, a program of yours builds the image and pushes it: BuildKit, podman, Jib, or a script.

\`\`\`yaml
image:
  builder: command
  containerfile: Containerfile
  command: {run: [./build-image.sh]}
\`\`\`

appdev starts it in \`image.context\` (default: the service's \`path\`). It gets appdev's own environment, \`command.env\`, and
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
| \`APPDEV_REGISTRY_INSECURE\` | \`true\` if plain HTTP is declared, else \`false\` | – |
| \`APPDEV_AUTHFILE\` | a \`config.json\` with the login for this registry, if appdev has found one | – |
| \`APPDEV_REGISTRY_CA\` | absolute path of a \`ca.crt\`, alone in its folder; only with a private certificate authority | – |
| \`APPDEV_DIGEST_FILE\` | where the command may write the digest of what it pushed | – |
| \`SOURCE_DATE_EPOCH\` | \`0\`, unless it is set already: builders that know it make equal images of equal content | – |
| \`TMPDIR\` | a folder that is removed afterwards | – |

- \`APPDEV_AUTHFILE\` is for \`--authfile\` of podman and skopeo. BuildKit and Jib take its folder as \`DOCKER_CONFIG\`. The file
  belongs to this build; it is not the one that you gave to appdev by \`--authfile\` or a variable of the same name.
- \`APPDEV_REGISTRY_CA\` is for \`--cert-dir\` of podman, Buildah and skopeo, which takes the folder. The authority is the one of
  \`registry.ca\`, or of this variable when you give it to appdev.

**Push.** The command always pushes (Skaffold's \`PUSH_IMAGE\` would always be \`true\`), so it needs a registry. What counts is
what the registry has afterwards:

- the digest that the command wrote to \`APPDEV_DIGEST_FILE\`;
- without that file, the image under \`APPDEV_IMAGE\`, a tag that was not there before.

A command that ends with exit code 0 without either has failed. The digest file may hold the digest alone, as
\`podman push --digestfile\` and Jib (\`jib.outputPaths.digest\`) write it, or after a name (\`name@sha256:…\`), or BuildKit's metadata.

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

**No shell.** \`run\` is a program and its arguments. If you want a shell, write one: \`run: [sh, -euc, 'make image']\`. appdev
fills in \`\${NAME}\`; \`$NAME\` is left to the shell.

**What builds the image again.** A change of:

- the jar;
- a file of the context. Only files that \`containerfile\` copies count. Without a \`containerfile\`, every file counts that
  neither .dockerignore nor .gitignore excludes and that is not in an output folder of a build tool;
- a file of the project that the command line names (\`./build-image.sh\`).

\`command.dependencies\` takes the place of the context.

**Older jars.** The program sees the whole context. If a pattern in \`containerfile\` also takes an executable jar of an older
build, that is an error (JAR_AMBIGUOUS), which names the file to remove.

**Cancel.** A newer save ends the command and everything in its process group. appdev does not know what the command starts
elsewhere (a daemon). Programs that survive a killed appdev are ended at the next start.

**Trust.** Whoever writes appdev.yaml decides what runs on the machine that builds it, as with a Maven plugin, a wrapper
script or a Makefile. appdev never asks, here or in CI. It names each command before it first runs it in a session. Read
appdev.yaml before you run someone else's project.

**Cluster.** \`KUBECONFIG\` is a file made for the session. It holds the one context that appdev works with, even if another one
becomes the current context meanwhile. \`command.env\` can set another value.

**Base and build arguments.** \`image.base\` and \`image.buildArgs\` are errors here. Pass what the command needs by
\`command.env\`.

## Two registries

\`registry.pull\` is usually another name of the registry that \`push\` names. Sometimes it is another registry, because the nodes
cannot reach the one that builders push to. Then \`registry.copy\` makes appdev copy each image there:

\`\`\`yaml
registry:
  push: ci.example.com/shop
  pull: prod.example.com/shop
  copy: {} # {insecure: true} if the second one speaks plain HTTP
\`\`\`

**The copy**

- skopeo copies by digest, and the digest stays the same. That is also true for an image for several platforms.
- An image that is already there is not copied again.
- If the first registry is a Harbor, only images that its project and the scan let through are copied. What was copied
  before stays.
- Server errors, broken connections and a token that runs out are tried again, as in a push.
- appdev removes nothing from the second registry.

**Logins and certificates**

- skopeo gets the logins that appdev has found ([docs/harbor.md](harbor.md#credentials)), for each of the two registries its own.
- The login of the environment (\`APPDEV_REGISTRY_USER\`) is for the host of \`APPDEV_REGISTRY_HOST\` alone. If the second
  registry has another host, its login must be in the file of \`--authfile\`, or among your own.
- \`registry.ca\` is trusted at both registries, instead of what \`/etc/containers/certs.d\` has for them. The file may hold
  several authorities.

## How profiles work

A profile is a named variant of the file. It has an \`overlay\`, and \`patches\` for what an overlay cannot say.

### Selection

1. Profiles that are active by themselves come first, in the order of the file.
2. Profiles of \`-p\` follow, in the order of the command line. \`-p -name\` removes a profile that came before it.

\`--profile-auto-activation=false\` leaves only those of \`-p\`. An unknown name is an error.

### Activation

A profile is active by itself if all conditions of one entry of its \`activation\` hold. One entry is enough.

| condition | holds if |
| --- | --- |
| \`env: "NAME=value"\` | the variable equals the value, or the value is a regular expression that matches a part of it |
| \`env: "NAME="\` | the variable is empty or not set |
| \`env: "NAME=!"\` | the variable is set and not empty |
| \`kubeContext: "kind-.*"\` | the context to deploy to fits |
| \`command: dev\` | that command runs |

- \`!\` in front of a value negates it: \`kubeContext: "!kind-.*"\`.
- A regular expression matches anywhere in the text, unless \`^\` and \`$\` tie it down.
- The context is the one of \`--kube-context\`, else \`cluster.context\` without profiles, else the current one. An unknown context
  fits no pattern.
- A profile may be active because of the context while an overlay changes the context. That is an error, unless
  \`--kube-context\` names the context.

### Overlay

Maps are merged key by key. Lists and single values are replaced, even by \`false\`, \`0\`, \`""\` and \`[]\`. \`null\` removes a key.
Three things are replaced as a whole, because their parts belong together:

- \`deploy\`: an overlay with \`kustomize\` replaces \`helm\` or \`manifests\`, and the other way round.
- \`image\`: an overlay with \`base\` replaces \`containerfile\`, \`context\` and \`buildArgs\`. One with \`containerfile\` replaces \`base\`.
- \`registry\`: an overlay with \`push\` names another registry. So \`pull\`, \`inCluster\`, \`multiLevel\`, \`insecure\` and \`copy\` of the
  earlier one do not carry over.

### Patches

Patches follow RFC 6902 (\`add\`, \`remove\`, \`replace\`, \`move\`, \`copy\`, \`test\`). They are applied after the overlay of the same
profile. Without \`op\`, a patch is a \`replace\`. \`/-\` at the end of a path appends to a list. A patch that does not fit is an
error.

### The result

\`appdev config print\` shows the resulting configuration. \`appdev config print --origin\` adds file, line and profile of each value.

## Personal settings: appdev.local.yaml and .env

- \`appdev.local.yaml\` beside \`appdev.yaml\` is your own overlay. It is applied last. Do not commit it.
- \`.env\` beside it sets variables. Variables of the environment win.
- In CI neither file is read. CI means that the variable \`CI\` is set, and is not empty, \`false\` or \`0\`.

## How tags work

appdev deploys an image by its digest, under a tag made from its content. Equal content has an equal reference, so there is
no rollout. \`tags.template\` adds a tag for people, and for the retention rules of the registry:

- \`build\` and \`run\` put the tag on the image in the registry, and write it into artifacts.json (\`tags\`).
- Deployments keep the tag of the content. A commit that changes no byte of an image adds one more tag to it and rolls
  nothing out.
- \`dev\` adds no tags, because every save would leave one behind.

| as in Skaffold | write |
| --- | --- |
| \`inputDigest\` | nothing (the tag of the content), or \`template: "{inputDigest}"\` |
| \`gitCommit\` | \`template: "{gitCommit}"\`, with \`gitCommit: {variant: …, prefix: …, ignoreChanges: …}\` |
| \`dateTime\` | \`template: "{dateTime}"\`, with \`dateTime: {format: …, timezone: …}\` |
| \`envTemplate\` | \`template: "\${BRANCH}-\${BUILD_NUMBER}"\` |
| \`customTemplate\` | \`template: "v2-{gitCommit}-{dateTime}"\` |

- **Characters.** Characters that a tag must not hold become \`_\`. A tag is cut after 128 characters.
- **Uncommitted changes.** \`-dirty\` follows the commit if the service's folder has changes that are not committed. It is never
  cut off. If git cannot tell whether there are changes, the tag fails with an error, unless \`ignoreChanges\` is \`true\`.
- **Moving tags.** If the tag names another image, it moves, and appdev says so. A registry with immutable tags refuses that
  (TAG_IMMUTABLE).
- **Pruning.** appdev never prunes an image with such a tag.

## Names of images

\`image.repository\` is a name below \`registry\`: \`shop/orders\` is pushed as \`localhost:5001/shop/orders\`.

The manifests of many projects name another registry. So \`image.repository\` may have a host. appdev rewrites such a name by the
rules that Skaffold's users know from \`--default-repo\`, and sends nothing to that host:

| \`image.repository\` | \`registry.push\` | pushed as |
| --- | --- | --- |
| \`registry.example.com/team/orders\` | \`localhost:5001\` | \`localhost:5001/registry_example_com_team_orders\` |
| the same, \`multiLevel: true\` | \`harbor.example.com/shop\` | \`harbor.example.com/shop/registry.example.com/team/orders\` |
| \`gcr.io/default/example/orders\` | \`gcr.io/default/repository\` | \`gcr.io/default/repository/example/orders\` |
| \`localhost:5001/orders\` | \`localhost:5001\` | as it is |

- Manifests may keep the name \`registry.example.com/team/orders\`, with any tag. appdev replaces it by the pushed reference.
- A name that is pinned by digest is left alone.
- One rule differs from Skaffold's: a name without a host stays as it is written. Its parts are not joined.

### Kinds of your own

In an object of a kind that appdev does not know, a key \`image\` may mean anything, so appdev leaves it alone. List the kind:

\`\`\`yaml
imageKinds:
  - {kind: Workshop, group: example.com}
  - {kind: Machine, group: example.com, fields: ["spec.runner", "spec.steps[].container"]}
\`\`\`

A kind of Kubernetes itself can be listed too, for images in other fields: \`{kind: ConfigMap, fields: [data.RUNNER_IMAGE]}\`.
appdev waits for the rollout of Kubernetes' own workloads only.

### Images of other services

As in Skaffold, a name counts in the manifests of every service. Suppose that \`migrations\` is a service of the project, and
that an init container or a CronJob of \`orders\` has \`image: migrations\`. Then:

- It gets the image that was built of \`migrations\`: in this run, in artifacts.json, or by \`--images\`.
- If none of them has it, nothing is deployed (IMAGE_MISSING).
- \`dev\` waits with \`orders\` until that image is there. Whenever \`migrations\` gets another digest, \`dev\` renders and applies
  \`orders\` again.
- \`orders\` waits for the image only. Use \`needs\` for a service that must be deployed and ready before.

### In a chart

appdev replaces no names in what a chart renders, because the release keeps the chart's values. A chart gets its own image
through its values. Without \`imageValues\`, appdev looks into the chart's \`values.yaml\` and the files of \`values\`:

| the values have | they receive |
| --- | --- |
| \`image.repository\`, \`image.tag\` | \`localhost:5001/orders\`, \`tag@sha256:…\` |
| \`image.registry\` too | \`localhost:5001\`, \`orders\`, \`tag@sha256:…\` |
| \`image.digest\` (or \`image.sha\`) too | the tag alone, and \`sha256:…\` (or what follows the colon) |
| \`image\` as one text | the whole reference |

\`imageValues\` names other paths, \`moreImageValues\` further ones. Images of other services go to \`otherImageValues\`:

\`\`\`yaml
services:
  orders:
    deploy:
      helm:
        chart: deploy/chart
        otherImageValues:
          migrations: {repository: migrations.image.repository, tag: migrations.image.tag}
\`\`\`

A chart that names another service's image by itself is refused (IMAGE_NOT_USED), unless it pins the image by digest.

## Variables

| written | becomes |
| --- | --- |
| \`\${NAME}\` | the value of the variable; an error if it is not set |
| \`\${NAME:-default}\` | the value, or \`default\` if the variable is empty or not set |
| \`$\${\` | a literal \`\${\` |

Variables work in string values. They do not work in keys, nor in \`profiles\` that are not active. appdev fills them in after
it has read the file, so a value stays one string, whatever it holds.

### Secrets

A variable is a secret if its name looks like one: \`…PASSWORD\`, \`…TOKEN\`, \`…SECRET\` and so on.

- **Output.** No output and no file of \`.appdev/logs\` shows the value. \`***\` stands there instead, also for its base64, URL and
  JSON forms. Values of fewer than six characters are not masked.
- **The one exception.** \`appdev render\` prints manifests with their secrets, because these manifests are what is applied.
- **Command lines.** No command line holds the value. Chart values and build arguments are passed another way.
- **Refused places.** A secret is an error in \`jar.args\` and in \`image.command.run\`. It is an error in a build argument whose name
  is a setting of Buildah (\`HTTP_PROXY\`, \`PATH\`), and in any build argument of a build pod (\`kaniko\`).

If the variable is not a secret, give it another name.
`;
