/** Whole messages for whole files: what a user sees for each kind of mistake, all mistakes of a file at once. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnosticLines } from '../core/diagnostic.ts';
import { loadProject } from './load.ts';
import { allKeys } from './docs/reference.ts';

/** Files that the cases may name. */
const files = [
  'deploy/chart/Chart.yaml',
  'deploy/values-dev.yaml',
  'deploy/overlay/kustomization.yaml',
  'Containerfile',
  'src/App.java',
];

const cases: readonly (readonly [name: string, file: string, expected: string])[] = [
  [
    'unknown keys, with the nearest known one',
    `
apiVersion: appdev/v1
name: shop
clustr: {namespace: dev}
services:
  orders:
    jar: {modul: orders-app}
    imgae: {}
    deploy:
      helm: {chart: deploy/chart, valuse: [], frobnicate: 1}
    <<: {path: .}
`,
    `
appdev.yaml has 6 errors
appdev.yaml:3:1: error: unknown key "clustr"
  3 | clustr: {namespace: dev}
    | ^^^^^^
  hint: did you mean cluster?
appdev.yaml:6:11: error: unknown key "modul" in services.orders.jar
  6 |     jar: {modul: orders-app}
    |           ^^^^^
  hint: did you mean module?
appdev.yaml:7:5: error: unknown key "imgae" in services.orders
  7 |     imgae: {}
    |     ^^^^^
  hint: did you mean image?
appdev.yaml:9:35: error: unknown key "valuse" in services.orders.deploy.helm
  9 |       helm: {chart: deploy/chart, valuse: [], frobnicate: 1}
    |                                   ^^^^^^
  hint: did you mean values?
appdev.yaml:9:47: error: unknown key "frobnicate" in services.orders.deploy.helm
  9 |       helm: {chart: deploy/chart, valuse: [], frobnicate: 1}
    |                                               ^^^^^^^^^^
  hint: known keys: chart, release, values, set, imageValues, otherImageValues
appdev.yaml:10:5: error: unknown key "<<" in services.orders
  10 |     <<: {path: .}
     |     ^^
  hint: merge keys are not part of YAML 1.2: write the keys out, or use a profile
`,
  ],
  [
    'wrong types, saying what was expected and what was found',
    `
apiVersion: appdev/v1
name: [shop]
keepImages: "5"
cluster: {allow: team-dev, createNamespace: "yes"}
services:
  orders:
    deploy:
      helm:
        chart: 1.10
        values:
          deploy/values-dev.yaml: true
        set: {image: {tag: "1"}}
      restartsAllowed: 1.5
    needs: 3
`,
    `
appdev.yaml has 9 errors
appdev.yaml:2:7: error: name: expected a string, found a list
  2 | name: [shop]
    |       ^^^^^^
appdev.yaml:3:13: error: keepImages: expected a whole number, found "5"
  3 | keepImages: "5"
    |             ^^^
  hint: remove the quotes
appdev.yaml:4:18: error: cluster.allow: expected a list, found "team-dev"
  4 | cluster: {allow: team-dev, createNamespace: "yes"}
    |                  ^^^^^^^^
  hint: write ["team-dev"]
appdev.yaml:4:45: error: cluster.createNamespace: expected true or false, found "yes"
  4 | cluster: {allow: team-dev, createNamespace: "yes"}
    |                                             ^^^^^
  hint: write true, without quotes
appdev.yaml:9:16: error: services.orders.deploy.helm.chart: expected a string, found the number 1.10
  9 |         chart: 1.10
    |                ^^^^
  hint: put it in quotes: "1.10"
appdev.yaml:10:9: error: services.orders.deploy.helm.values: expected a list, found a map
  10 |         values:
     |         ^^^^^^
  hint: begin each item with "- "
appdev.yaml:12:22: error: services.orders.deploy.helm.set.image: expected a single value (string, number, true or false), found a map
  12 |         set: {image: {tag: "1"}}
     |                      ^^^^^^^^^^
appdev.yaml:13:24: error: services.orders.deploy.restartsAllowed: expected a whole number, found the number 1.5
  13 |       restartsAllowed: 1.5
     |                        ^^^
appdev.yaml:14:12: error: services.orders.needs: expected a list, found the number 3
  14 |     needs: 3
     |            ^
  hint: write [3]
`,
  ],
  [
    'missing keys and empty ones',
    `
name: shop
registry:
services:
  orders:
    jar:
    deploy:
      helm: {values: []}
  stock:
    path: .
`,
    `
appdev.yaml has 5 errors
appdev.yaml:1:1: error: apiVersion is missing
  1 | name: shop
    | ^^^^^^^^^^
  hint: add \`apiVersion: appdev/v1\`
appdev.yaml:2:1: error: registry: has no value
  2 | registry:
    | ^^^^^^^^
  hint: give it a value, or remove the line
appdev.yaml:5:5: error: services.orders.jar: has no value
  5 |     jar:
    |     ^^^
  hint: write \`jar: {}\` for the defaults, or remove the line
appdev.yaml:7:7: error: services.orders.deploy.helm.chart is missing
  7 |       helm: {values: []}
    |       ^^^^
  hint: add \`chart\`: Folder of the chart (or a packaged .tgz), or \`oci://host/path\`.
appdev.yaml:8:3: error: services.stock.deploy is missing
  8 |   stock:
    |   ^^^^^
  hint: add \`deploy\`: How the service reaches the cluster: exactly one of \`helm\`, \`kustomize\` and \`manifests\`.
`,
  ],
  [
    'values that are not among the known ones',
    `
apiVersion: appdev/v2
name: shop
keepImages: 0
services:
  orders:
    jar: {tool: gradel, tests: skp}
    image: {builder: docker}
    deploy: {helm: {chart: deploy/chart}}
`,
    `
appdev.yaml has 5 errors
appdev.yaml:1:13: error: apiVersion: expected appdev/v1, found "appdev/v2"
  1 | apiVersion: appdev/v2
    |             ^^^^^^^^^
appdev.yaml:3:13: error: keepImages: expected at least 1, found the number 0
  3 | keepImages: 0
    |             ^
appdev.yaml:6:17: error: services.orders.jar.tool: expected auto, maven or gradle, found "gradel"
  6 |     jar: {tool: gradel, tests: skp}
    |                 ^^^^^^
  hint: did you mean gradle?
appdev.yaml:6:32: error: services.orders.jar.tests: expected auto, run or skip, found "skp"
  6 |     jar: {tool: gradel, tests: skp}
    |                                ^^^
  hint: did you mean skip?
appdev.yaml:7:22: error: services.orders.image.builder: expected buildah, kaniko or command, found "docker"
  7 |     image: {builder: docker}
    |                      ^^^^^^
`,
  ],
  [
    'secrets where others would see them',
    `
apiVersion: appdev/v1
name: shop
services:
  a:
    jar: {args: [-q, "-Dkey=\${API_TOKEN:-hunter222}"]}
    image:
      containerfile: deploy/values-dev.yaml
      buildArgs:
        HIDDEN: "\${API_TOKEN:-hunter222}"
        HTTPS_PROXY: "http://a:\${API_TOKEN:-hunter222}@b"
    deploy: {manifests: [deploy/values-dev.yaml]}
  b:
    image:
      builder: kaniko
      containerfile: deploy/values-dev.yaml
      buildArgs: {X: "\${API_TOKEN:-hunter222}"}
    deploy: {manifests: [deploy/values-dev.yaml]}
`,
    `
appdev.yaml has 3 errors
appdev.yaml:5:22: error: services.a.jar.args[1] puts a secret onto a command line, where other users of the machine see it
  5 |     jar: {args: [-q, "-Dkey=\${API_TOKEN:-hunter222}"]}
    |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: let the build read the variable itself: \`\${env.NAME}\` in Maven, \`providers.environmentVariable\` in Gradle
appdev.yaml:10:22: error: services.a.image.buildArgs.HTTPS_PROXY puts a secret onto a command line, where other users of the machine see it
  10 |         HTTPS_PROXY: "http://a:\${API_TOKEN:-hunter222}@b"
     |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: give the argument a name that is no setting of Buildah
appdev.yaml:16:22: error: services.b.image.buildArgs.X puts a secret into the build pod, where all who may read pods see it
  16 |       buildArgs: {X: "\${API_TOKEN:-hunter222}"}
     |                      ^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: use another builder, or have the Containerfile do without it
`,
  ],
  [
    'commands that build images',
    `
apiVersion: appdev/v1
name: shop
registry: {push: "localhost:5001", copy: {}}
services:
  a:
    jar: {}
    image: {builder: command, base: "x:1"}
    deploy: {manifests: [deploy/values-dev.yaml]}
  b:
    jar: {}
    image: {command: {run: [make]}}
    deploy: {manifests: [deploy/values-dev.yaml]}
  c:
    image:
      builder: command
      command:
        run: [curl, -H, "\${API_TOKEN:-hunter222}", "a\\0b"]
        env: {A-B: 1, APPDEV_IMAGE: x, V: 1.10}
        dependencies: [srk/**]
    deploy: {manifests: [deploy/values-dev.yaml]}
  d:
    image: {builder: command, command: {run: []}}
    deploy: {manifests: [deploy/values-dev.yaml]}
`,
    `
appdev.yaml has 11 errors
appdev.yaml:3:36: error: registry.copy copies from push to pull, and both are localhost:5001
  3 | registry: {push: "localhost:5001", copy: {}}
    |                                    ^^^^
  hint: set registry.pull to the registry that the nodes pull from, or remove it
appdev.yaml:7:13: error: services.a.image names no command to build it by
  7 |     image: {builder: command, base: "x:1"}
    |             ^^^^^^^
  hint: add \`command: {run: [./build-image.sh]}\`
appdev.yaml:7:31: error: services.a.image.base means nothing to a command
  7 |     image: {builder: command, base: "x:1"}
    |                               ^^^^
  hint: remove it, and hand it to the command by services.a.image.command.env
appdev.yaml:11:13: error: services.b.image.command is not run: the builder is buildah
  11 |     image: {command: {run: [make]}}
     |             ^^^^^^^
  hint: add \`builder: command\`
appdev.yaml:17:25: error: services.c.image.command.run[2] puts a secret onto a command line, where other users of the machine see it
  17 |         run: [curl, -H, "\${API_TOKEN:-hunter222}", "a\\0b"]
     |                         ^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: hand it over by services.c.image.command.env
appdev.yaml:17:52: error: services.c.image.command.run[3]: "a\\u0000b" holds a NUL, which ends a word of a command line
  17 |         run: [curl, -H, "\${API_TOKEN:-hunter222}", "a\\0b"]
     |                                                    ^^^^^^
appdev.yaml:18:15: error: services.c.image.command.env: "A-B" is not the name of a variable (letters, digits, "_")
  18 |         env: {A-B: 1, APPDEV_IMAGE: x, V: 1.10}
     |               ^^^
appdev.yaml:18:23: error: services.c.image.command.env: "APPDEV_IMAGE" begins with APPDEV_, and those variables are set by appdev
  18 |         env: {A-B: 1, APPDEV_IMAGE: x, V: 1.10}
     |                       ^^^^^^^^^^^^
  hint: choose another name
appdev.yaml:18:43: error: services.c.image.command.env.V: 1.10 is the number 1.1
  18 |         env: {A-B: 1, APPDEV_IMAGE: x, V: 1.10}
     |                                           ^^^^
  hint: put it in quotes to keep it as it is: "1.10"
appdev.yaml:19:24: error: services.c.image.command.dependencies[0]: srk does not exist
  19 |         dependencies: [srk/**]
     |                        ^^^^^^
  hint: did you mean src?
appdev.yaml:22:41: error: services.d.image.command.run names no program
  22 |     image: {builder: command, command: {run: []}}
     |                                         ^^^
  hint: write it first, then its arguments
`,
  ],
  [
    'names that are no names',
    `
apiVersion: appdev/v1
name: My Shop
cluster: {context: -kind, namespace: shop_dev}
registry: {push: "http://localhost:5001", pull: "registry.example.com/Shop"}
services:
  Orders: {deploy: {helm: {chart: deploy/chart}}}
  stock:
    jar: {module: "a,b"}
    image: {repository: "localhost:5001/stock:1", base: "UPPER/case"}
    deploy:
      helm: {chart: "https://example.com/chart.tgz", release: Stock, set: {"a b": 1}, imageValues: {tag: "-x"}}
      deadline: 5 minutes
    dev: {forward: ["8080", "0:80"]}
`,
    `
appdev.yaml has 15 errors
appdev.yaml:2:7: error: name: "My Shop" is not a DNS-1123 label (a-z, 0-9 and "-" inside, at most 63 characters)
  2 | name: My Shop
    |       ^^^^^^^
  hint: write my-shop
appdev.yaml:3:20: error: cluster.context: "-kind" begins with "-" and would be taken for an option of the program that gets it
  3 | cluster: {context: -kind, namespace: shop_dev}
    |                    ^^^^^
appdev.yaml:3:38: error: cluster.namespace: "shop_dev" is not a DNS-1123 label (a-z, 0-9 and "-" inside, at most 63 characters)
  3 | cluster: {context: -kind, namespace: shop_dev}
    |                                      ^^^^^^^^
  hint: write shop-dev
appdev.yaml:4:18: error: registry.push: "http://localhost:5001" is not a registry (host[:port][/path])
  4 | registry: {push: "http://localhost:5001", pull: "registry.example.com/Shop"}
    |                  ^^^^^^^^^^^^^^^^^^^^^^^
  hint: leave out http://; plain HTTP is \`insecure: true\`
appdev.yaml:4:49: error: registry.pull: "registry.example.com/Shop" is not a registry (host[:port][/path])
  4 | registry: {push: "http://localhost:5001", pull: "registry.example.com/Shop"}
    |                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^
appdev.yaml:6:3: error: services: "Orders" is not a DNS-1123 label (a-z, 0-9 and "-" inside, at most 63 characters)
  6 |   Orders: {deploy: {helm: {chart: deploy/chart}}}
    |   ^^^^^^
  hint: write orders
appdev.yaml:8:19: error: services.stock.jar.module: "a,b" is not one module
  8 |     jar: {module: "a,b"}
    |                   ^^^^^
  hint: name one folder or :artifactId; what it depends on is built as well
appdev.yaml:9:25: error: services.stock.image.repository: "localhost:5001/stock:1" is not an image repository (lower case, e.g. orders or shop/orders)
  9 |     image: {repository: "localhost:5001/stock:1", base: "UPPER/case"}
    |                         ^^^^^^^^^^^^^^^^^^^^^^^^
  hint: leave out tag and digest: they come from the build
appdev.yaml:11:21: error: services.stock.deploy.helm.chart: "https://example.com/chart.tgz" is neither a folder nor an oci:// reference
  11 |       helm: {chart: "https://example.com/chart.tgz", release: Stock, set: {"a b": 1}, imageValues: {
     |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  hint: write a path, or oci://host/path
appdev.yaml:11:63: error: services.stock.deploy.helm.release: "Stock" is not a Helm release name (a-z, 0-9, "-" and "." inside, at most 53 characters)
  11 |  {chart: "https://example.com/chart.tgz", release: Stock, set: {"a b": 1}, imageValues: {tag: "-x"}}
     |                                                    ^^^^^
appdev.yaml:11:76: error: services.stock.deploy.helm.set: "a b" is not a path into the values (e.g. image.tag)
  11 |  {chart: "https://example.com/chart.tgz", release: Stock, set: {"a b": 1}, imageValues: {tag: "-x"}}
     |                                                                 ^^^^^
appdev.yaml:11:106: error: services.stock.deploy.helm.imageValues.tag: "-x" is not a path into the values (e.g. image.tag)
  11 |  {chart: "https://example.com/chart.tgz", release: Stock, set: {"a b": 1}, imageValues: {tag: "-x"}}
     |                                                                                               ^^^^
appdev.yaml:12:17: error: services.stock.deploy.deadline: "5 minutes" is not a duration above zero
  12 |       deadline: 5 minutes
     |                 ^^^^^^^^^
  hint: write e.g. 90s, 5m or 1h30m
appdev.yaml:13:21: error: services.stock.dev.forward[0]: "8080" is not a port forward (local:remote, each from 1 to 65535)
  13 |     dev: {forward: ["8080", "0:80"]}
     |                     ^^^^^^
  hint: write "8080:8080"
appdev.yaml:13:29: error: services.stock.dev.forward[1]: "0:80" is not a port forward (local:remote, each from 1 to 65535)
  13 |     dev: {forward: ["8080", "0:80"]}
     |                             ^^^^^^
  hint: write e.g. "8080:8080"
`,
  ],
  [
    'one way to deploy, one source of an image',
    `
apiVersion: appdev/v1
name: shop
services:
  a:
    jar: {}
    image: {base: "x:1", containerfile: Containerfile}
    deploy:
      helm: {chart: deploy/chart}
      kustomize: {path: deploy/overlay}
  b:
    image: {context: ., buildArgs: {A: 1.0}}
    deploy: {namespace: b}
  c:
    deploy: {manifests: []}
`,
    `
appdev.yaml has 8 errors
appdev.yaml:6:13: error: services.a.image has both base and containerfile; the Containerfile names its own base
  6 |     image: {base: "x:1", containerfile: Containerfile}
    |             ^^^^
  hint: keep containerfile, or base for layers without one
appdev.yaml:9:7: error: services.a.deploy has helm and kustomize; a service is deployed in one way
  9 |       kustomize: {path: deploy/overlay}
    |       ^^^^^^^^^
  hint: keep exactly one of helm, kustomize and manifests
appdev.yaml:11:5: error: services.b has an image, but neither a jar nor a containerfile to make it from
  11 |     image: {context: ., buildArgs: {A: 1.0}}
     |     ^^^^^
  hint: add \`jar: {}\` to b, or image.containerfile
appdev.yaml:11:13: error: services.b.image.context needs a containerfile
  11 |     image: {context: ., buildArgs: {A: 1.0}}
     |             ^^^^^^^
  hint: add containerfile, or remove it
appdev.yaml:11:25: error: services.b.image.buildArgs needs a containerfile
  11 |     image: {context: ., buildArgs: {A: 1.0}}
     |                         ^^^^^^^^^
  hint: add containerfile, or remove it
appdev.yaml:11:40: error: services.b.image.buildArgs.A: 1.0 is the number 1
  11 |     image: {context: ., buildArgs: {A: 1.0}}
     |                                        ^^^
  hint: put it in quotes to keep it as it is: "1.0"
appdev.yaml:12:5: error: services.b.deploy does not say how to deploy
  12 |     deploy: {namespace: b}
     |     ^^^^^^
  hint: add exactly one of helm, kustomize and manifests
appdev.yaml:14:14: error: services.c.deploy.manifests is empty
  14 |     deploy: {manifests: []}
     |              ^^^^^^^^^
  hint: name the files, e.g. [deploy/*.yaml]
`,
  ],
  [
    'images of others that nobody builds',
    `
apiVersion: appdev/v1
name: shop
services:
  orders:
    jar: {}
    deploy:
      helm:
        chart: deploy/chart
        otherImageValues:
          orders: {repository: a, tag: b}
          stok: {repository: a, tag: b}
          postgres: {repository: a, tag: b}
          stock: {repository: a, tag: b}
  stock: {image: {containerfile: Containerfile}, deploy: {helm: {chart: deploy/chart}}}
  postgres: {deploy: {helm: {chart: deploy/chart}}}
`,
    `
appdev.yaml has 3 errors
appdev.yaml:10:11: error: services.orders.deploy.helm.otherImageValues.orders is the service itself
  10 |           orders: {repository: a, tag: b}
     |           ^^^^^^
  hint: use deploy.helm.imageValues for its own image
appdev.yaml:11:11: error: services.orders.deploy.helm.otherImageValues.stok: there is no service "stok"
  11 |           stok: {repository: a, tag: b}
     |           ^^^^
  hint: did you mean stock?
appdev.yaml:12:11: error: services.orders.deploy.helm.otherImageValues.postgres: the service postgres has no image
  12 |           postgres: {repository: a, tag: b}
     |           ^^^^^^^^
  hint: remove it
`,
  ],
  [
    'needs of unknown services, and in circles',
    `
apiVersion: appdev/v1
name: shop
services:
  a: {deploy: {helm: {chart: deploy/chart}}, needs: [b]}
  b: {deploy: {helm: {chart: deploy/chart}}, needs: [c, postgress]}
  c: {deploy: {helm: {chart: deploy/chart}}, needs: [a, c]}
  postgres: {deploy: {helm: {chart: deploy/chart}}, needs: [x]}
`,
    `
appdev.yaml has 4 errors
appdev.yaml:5:57: error: services.b.needs[1]: there is no service "postgress"
  5 |   b: {deploy: {helm: {chart: deploy/chart}}, needs: [c, postgress]}
    |                                                         ^^^^^^^^^
  hint: did you mean postgres?
appdev.yaml:6:54: error: services need each other in a circle: a → b → c → a
  6 |   c: {deploy: {helm: {chart: deploy/chart}}, needs: [a, c]}
    |                                                      ^
  hint: remove one of these needs
appdev.yaml:6:57: error: services.c needs itself
  6 |   c: {deploy: {helm: {chart: deploy/chart}}, needs: [a, c]}
    |                                                         ^
  hint: remove it
appdev.yaml:7:61: error: services.postgres.needs[0]: there is no service "x"
  7 |   postgres: {deploy: {helm: {chart: deploy/chart}}, needs: [x]}
    |                                                             ^
  hint: services: a, b, c, postgres
`,
  ],
  [
    'ports and releases that two services claim',
    `
apiVersion: appdev/v1
name: shop
services:
  a:
    deploy: {helm: {chart: deploy/chart, release: main}}
    dev: {forward: ["8080:8080", "8081:8080"]}
  main:
    deploy: {helm: {chart: deploy/chart}}
    dev: {forward: ["8081:80"]}
  other:
    deploy: {helm: {chart: deploy/chart, release: main}, namespace: other}
`,
    `
appdev.yaml has 2 errors
appdev.yaml:7:3: error: the release "main" is that of a already, at appdev.yaml:5
  7 |   main:
    |   ^^^^
  hint: give main a deploy.helm.release of its own, or another namespace
appdev.yaml:9:21: error: local port 8081 is forwarded by a already, at appdev.yaml:6
  9 |     dev: {forward: ["8081:80"]}
    |                     ^^^^^^^^^
  hint: use another local port
`,
  ],
  [
    'paths that do not exist',
    `
apiVersion: appdev/v1
name: shop
services:
  a:
    path: srv
    jar: {}
    image: {containerfile: Containrfile, context: deploy/chart/Chart.yaml}
    deploy:
      helm: {chart: deploy/chrt, values: [deploy/values-dv.yaml, deploy, ./dploy/values-dev.yaml]}
  b:
    deploy: {kustomize: {path: deploy/chart}}
  c:
    deploy: {manifests: [k8s/*.yaml, deploy/overlay/x.yaml]}
  d:
    deploy: {helm: {chart: deploy/overlay}}
`,
    `
appdev.yaml has 11 errors
appdev.yaml:5:11: error: services.a.path: srv does not exist
  5 |     path: srv
    |           ^^^
  hint: did you mean src?
appdev.yaml:7:28: error: services.a.image.containerfile: Containrfile does not exist
  7 |     image: {containerfile: Containrfile, context: deploy/chart/Chart.yaml}
    |                            ^^^^^^^^^^^^
  hint: did you mean Containerfile?
appdev.yaml:7:51: error: services.a.image.context: deploy/chart/Chart.yaml is a file, not a folder
  7 |     image: {containerfile: Containrfile, context: deploy/chart/Chart.yaml}
    |                                                   ^^^^^^^^^^^^^^^^^^^^^^^
appdev.yaml:9:21: error: services.a.deploy.helm.chart: deploy/chrt does not exist
  9 |       helm: {chart: deploy/chrt, values: [deploy/values-dv.yaml, deploy, ./dploy/values-dev.yaml]}
    |                     ^^^^^^^^^^^
  hint: did you mean deploy/chart?
appdev.yaml:9:43: error: services.a.deploy.helm.values[0]: deploy/values-dv.yaml does not exist
  9 |       helm: {chart: deploy/chrt, values: [deploy/values-dv.yaml, deploy, ./dploy/values-dev.yaml]}
    |                                           ^^^^^^^^^^^^^^^^^^^^^
  hint: did you mean deploy/values-dev.yaml?
appdev.yaml:9:66: error: services.a.deploy.helm.values[1]: deploy is a folder, not a file
  9 |       helm: {chart: deploy/chrt, values: [deploy/values-dv.yaml, deploy, ./dploy/values-dev.yaml]}
    |                                                                  ^^^^^^
appdev.yaml:9:74: error: services.a.deploy.helm.values[2]: ./dploy/values-dev.yaml does not exist
  9 |       helm: {chart: deploy/chrt, values: [deploy/values-dv.yaml, deploy, ./dploy/values-dev.yaml]}
    |                                                                          ^^^^^^^^^^^^^^^^^^^^^^^
  hint: did you mean deploy/values-dev.yaml?
appdev.yaml:11:32: error: services.b.deploy.kustomize.path: the folder deploy/chart holds no kustomization.yaml
  11 |     deploy: {kustomize: {path: deploy/chart}}
     |                                ^^^^^^^^^^^^
  hint: name the folder of an overlay
appdev.yaml:13:26: error: services.c.deploy.manifests[0]: k8s does not exist
  13 |     deploy: {manifests: [k8s/*.yaml, deploy/overlay/x.yaml]}
     |                          ^^^^^^^^^^
  hint: there is no k8s in the folder of this file
appdev.yaml:13:38: error: services.c.deploy.manifests[1]: deploy/overlay/x.yaml does not exist
  13 |     deploy: {manifests: [k8s/*.yaml, deploy/overlay/x.yaml]}
     |                                      ^^^^^^^^^^^^^^^^^^^^^
  hint: there is no x.yaml in deploy/overlay
appdev.yaml:15:28: error: services.d.deploy.helm.chart: the folder deploy/overlay holds no Chart.yaml
  15 |     deploy: {helm: {chart: deploy/overlay}}
     |                            ^^^^^^^^^^^^^^
  hint: name the folder of the chart
`,
  ],
  [
    'variables that are not set',
    `
apiVersion: appdev/v1
name: shop
services:
  orders:
    jar: {}
    image: {base: "\${BASE_HOST}/java:\${JAVA:-17}"}
    deploy:
      helm: {chart: "deploy/\${CHART", set: {a: "\${1X}", b: "\${EMPTY:-fine}", c: "$\${literal}"}}
profiles:
  - name: inactive
    overlay: {registry: {push: "\${NOT_NEEDED_NOW}"}}
`,
    `
appdev.yaml has 3 errors
appdev.yaml:6:20: error: the variable BASE_HOST is not set
  6 |     image: {base: "\${BASE_HOST}/java:\${JAVA:-17}"}
    |                    ^^^^^^^^^^^^
  hint: set it, or give it a default: \${BASE_HOST:-…}
appdev.yaml:8:29: error: "\${CHART" has no closing }
  8 |       helm: {chart: "deploy/\${CHART", set: {a: "\${1X}", b: "\${EMPTY:-fine}", c: "$\${literal}"}}
    |                             ^^^^^^^
  hint: write \${NAME} or \${NAME:-default}; $\${ stands for a literal \${
appdev.yaml:8:49: error: "\${1X}" is not a variable
  8 |       helm: {chart: "deploy/\${CHART", set: {a: "\${1X}", b: "\${EMPTY:-fine}", c: "$\${literal}"}}
    |                                                 ^^^^^
  hint: write \${NAME} or \${NAME:-default}; $\${ stands for a literal \${
`,
  ],
  [
    'numbers that would lose digits',
    `
apiVersion: appdev/v1
name: shop
services:
  orders:
    image: {containerfile: Containerfile, buildArgs: {VERSION: 1.10, N: 0x1F, OK: 17}}
    deploy:
      helm: {chart: deploy/chart, set: {image.tag: 1e3, replicas: 2}}
`,
    `
appdev.yaml has 3 errors
appdev.yaml:5:64: error: services.orders.image.buildArgs.VERSION: 1.10 is the number 1.1
  5 |     image: {containerfile: Containerfile, buildArgs: {VERSION: 1.10, N: 0x1F, OK: 17}}
    |                                                                ^^^^
  hint: put it in quotes to keep it as it is: "1.10"
appdev.yaml:5:73: error: services.orders.image.buildArgs.N: 0x1F is the number 31
  5 |     image: {containerfile: Containerfile, buildArgs: {VERSION: 1.10, N: 0x1F, OK: 17}}
    |                                                                         ^^^^
  hint: put it in quotes to keep it as it is: "0x1F"
appdev.yaml:7:52: error: services.orders.deploy.helm.set."image.tag": 1e3 is the number 1000
  7 |       helm: {chart: deploy/chart, set: {image.tag: 1e3, replicas: 2}}
    |                                                    ^^^
  hint: put it in quotes to keep it as it is: "1e3"
`,
  ],
  [
    'profiles: names, conditions, patches and overlays',
    `
apiVersion: appdev/v1
name: shop
services:
  orders: {deploy: {helm: {chart: deploy/chart}}}
profiles:
  - name: dev
    activation: [{}, {env: CI}, {kubeContext: "kind-["}, {comand: dev}]
    overlay:
      services: {orders: {deploy: {hlm: {}}, jar: null}}
      profiles: []
  - name: dev
    patches:
      - {op: move, path: /name}
      - {op: repalce, path: name, value: 1}
  - overlay: {}
`,
    `
appdev.yaml has 11 errors
appdev.yaml:7:18: error: an activation without a condition
  7 |     activation: [{}, {env: CI}, {kubeContext: "kind-["}, {comand: dev}]
    |                  ^^
  hint: add env, kubeContext or command
appdev.yaml:7:28: error: profiles[0].activation[1].env: "CI" is not NAME=value
  7 |     activation: [{}, {env: CI}, {kubeContext: "kind-["}, {comand: dev}]
    |                            ^^
  hint: write e.g. "CI=true", or "CI=" for a variable that is empty or not set
appdev.yaml:7:47: error: profiles[0].activation[2].kubeContext: "kind-[" is not a regular expression: Unterminated character class
  7 |     activation: [{}, {env: CI}, {kubeContext: "kind-["}, {comand: dev}]
    |                                               ^^^^^^^^
appdev.yaml:7:59: error: unknown key "comand" in profiles[0].activation[3]
  7 |     activation: [{}, {env: CI}, {kubeContext: "kind-["}, {comand: dev}]
    |                                                           ^^^^^^
  hint: did you mean command?
appdev.yaml:9:36: error: unknown key "hlm" in services.orders.deploy
  9 |       services: {orders: {deploy: {hlm: {}}, jar: null}}
    |                                    ^^^
  hint: did you mean helm?
appdev.yaml:10:7: error: unknown key "profiles"
  10 |       profiles: []
     |       ^^^^^^^^
  hint: known keys: name, cluster, registry, kaniko, tags, keepImages, ignore, services
appdev.yaml:11:11: error: a second profile "dev"; the first is at appdev.yaml:6
  11 |   - name: dev
     |           ^^^
  hint: give it another name
appdev.yaml:13:9: error: a patch "move" without \`from\`
  13 |       - {op: move, path: /name}
     |         ^^^^^^^^^^^^^^^^^^^^^^^
  hint: add \`from\`
appdev.yaml:14:14: error: profiles[1].patches[1].op: expected add, remove, replace, move, copy or test, found "repalce"
  14 |       - {op: repalce, path: name, value: 1}
     |              ^^^^^^^
  hint: did you mean replace?
appdev.yaml:14:29: error: profiles[1].patches[1].path: "name" is not a JSON pointer
  14 |       - {op: repalce, path: name, value: 1}
     |                             ^^^^
  hint: begin with "/", e.g. /services/orders/deploy; "~1" stands for "/", "~0" for "~"
appdev.yaml:15:5: error: profiles[2].name is missing
  15 |   - overlay: {}
     |     ^^^^^^^^^^^
  hint: add \`name\`: Name, as \`-p\` takes it.
`,
  ],
  [
    'every key of one map at once, behind __proto__',
    `
apiVersion: appdev/v1
name: shop
__proto__: {polluted: true}
services:
  orders:
    constructor: 1
    deploy: {helm: {chart: deploy/chart, set: {__proto__: 1}}}
`,
    `
appdev.yaml has 3 errors
appdev.yaml:3:1: error: unknown key "__proto__"
  3 | __proto__: {polluted: true}
    | ^^^^^^^^^
  hint: known keys: apiVersion, name, cluster, registry, kaniko, tags, keepImages, ignore, services, profiles
appdev.yaml:6:5: error: unknown key "constructor" in services.orders
  6 |     constructor: 1
    |     ^^^^^^^^^^^
  hint: known keys: path, jar, image, deploy, dev, needs
appdev.yaml:7:48: error: unknown key "__proto__" in services.orders.deploy.helm.set
  7 |     deploy: {helm: {chart: deploy/chart, set: {__proto__: 1}}}
    |                                                ^^^^^^^^^
  hint: remove it
`,
  ],
  [
    'a file that is a list',
    `
- apiVersion: appdev/v1
`,
    `
appdev.yaml has 1 error
appdev.yaml:1:1: error: the file: expected a map, found a list
  1 | - apiVersion: appdev/v1
    | ^^^^^^^^^^^^^^^^^^^^^^^
`,
  ],
  [
    'a tab in the indentation',
    `
apiVersion: appdev/v1
services:
	orders: {}
`,
    `
appdev.yaml has 1 error
appdev.yaml:3:1: error: a tab in the indentation; YAML takes spaces only
  3 | 	orders: {}
    | ^
  hint: replace the tab by spaces
`,
  ],
  [
    'the same key twice',
    `
apiVersion: appdev/v1
name: shop
name: store
services:
  orders: {path: ., path: src}
`,
    `
appdev.yaml has 2 errors
appdev.yaml:3:1: error: the key "name" is here for the second time; the first is at appdev.yaml:2
  3 | name: store
    | ^^^^
  hint: keep one of them
appdev.yaml:5:21: error: the key "path" is here for the second time; the first is at appdev.yaml:5
  5 |   orders: {path: ., path: src}
    |                     ^^^^
  hint: keep one of them
`,
  ],
  [
    'several syntax errors',
    `
apiVersion: appdev/v1
name: @shop
services:
  orders:
    path: .
   deploy: a: b
`,
    `
appdev.yaml has 2 errors
appdev.yaml:2:7: error: plain value cannot start with reserved character @
  2 | name: @shop
    |       ^
  hint: put the value in quotes
appdev.yaml:6:1: error: all mapping items must start at the same column
  6 |    deploy: a: b
    | ^
  hint: align this line with its neighbours
`,
  ],
  [
    'a bracket that is not closed',
    `
apiVersion: appdev/v1
cluster: {allow: [a, b}
name: shop
`,
    `
appdev.yaml has 1 error
appdev.yaml:2:23: error: a "[" or "{" before this place is not closed
  2 | cluster: {allow: [a, b}
    |                       ^
  hint: add the closing bracket
`,
  ],
  [
    'two documents, and tags',
    `
apiVersion: appdev/v1
name: !!js/function x
---
name: shop
`,
    `
appdev.yaml has 2 errors
appdev.yaml:2:7: error: unresolved tag: tag:yaml.org,2002:js/function
  2 | name: !!js/function x
    |       ^^^^^^^^^^^^^
  hint: remove the tag
appdev.yaml:3:1: error: a second YAML document begins here; the file holds one
  3 | ---
    | ^^^
  hint: remove the line with ---
`,
  ],
  [
    'a wrong indentation and a missing space',
    `
apiVersion: appdev/v1
name:shop
services: {}
`,
    `
appdev.yaml has 1 error
appdev.yaml:2:1: error: a key without a value
  2 | name:shop
    | ^^^^^^^^^
  hint: write \`key: value\`, with a space after the colon
`,
  ],
];

describe('an appdev.yaml with mistakes', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'appdev-config-'));
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** Loads the text with every profile that it may have. */
  async function load(text: string): ReturnType<typeof loadProject> {
    writeFileSync(join(root, 'appdev.yaml'), text);
    return await loadProject({
      cwd: root,
      profiles: [],
      autoActivation: true,
      env: { CI: 'true' },
      kubeContext: undefined,
      command: 'dev',
    });
  }

  it.each(cases)('%s', async (_, file, expected) => {
    const outcome = await load(file.slice(1));
    if (outcome.kind !== 'failed') throw new Error('the file was accepted');
    const { code, message, diagnostics = [] } = outcome.error;
    expect(code).toBe('CONFIG_INVALID');
    expect([message, ...diagnostics.flatMap(diagnosticLines)].join('\n')).toBe(expected.slice(1, -1));
  });

  it('gets an answer with places, whatever it holds', async () => {
    const keys = [...new Set(allKeys().flatMap((path) => path.split('.')))].map((key) =>
      key.replace(/<name>|\[\]/, ''),
    );
    const scalar = fc.constantFrom<unknown>(
      '',
      'x',
      '-x',
      '/services/a',
      '${X}',
      '${',
      'deploy',
      'A=',
      '[',
      'add',
      0,
      -1,
      1.5,
      true,
      null,
    );
    const { map } = fc.letrec<{ map: Record<string, unknown>; value: unknown }>((tie) => ({
      map: fc.dictionary(fc.constantFrom(...keys, '__proto__', 'a'), tie('value'), { maxKeys: 5 }),
      value: fc.oneof({ depthSize: 'medium' }, scalar, fc.array(tie('value'), { maxLength: 2 }), tie('map')),
    }));
    // Random maps below real keys, so that most of them get as far as profiles and checks.
    const service = fc.record(
      {
        path: scalar,
        jar: map,
        image: map,
        deploy: map,
        dev: map,
        needs: fc.array(scalar, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    const patch = fc.record(
      { op: scalar, path: scalar, from: scalar, value: scalar },
      { requiredKeys: ['path'] },
    );
    const profile = fc.record({
      name: fc.constantFrom('a', 'b'),
      activation: fc.constant([{ command: 'dev' }]),
      overlay: fc.oneof(map, fc.record({ services: fc.dictionary(fc.constantFrom('a', 'b'), service) })),
      patches: fc.array(patch, { maxLength: 2 }),
    });
    const file = fc.oneof(
      map,
      fc.record({
        apiVersion: fc.constant('appdev/v1'),
        services: fc.dictionary(fc.constantFrom('a', 'b', 'A'), service, { maxKeys: 3 }),
        profiles: fc.array(profile, { maxLength: 2 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(file, async (content) => {
        const outcome = await load(JSON.stringify(content, undefined, 1));
        if (outcome.kind !== 'failed') throw new Error('nothing here has a name');
        expect(outcome.error.code).toBe('CONFIG_INVALID');
        for (const { line, column, excerpt } of outcome.error.diagnostics ?? []) {
          expect([line, column, excerpt]).not.toContain(undefined);
        }
      }),
      { numRuns: 300 },
    );
  });
});
