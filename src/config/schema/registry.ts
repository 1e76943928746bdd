/** The section `registry` of appdev.yaml: where images go, and what a Harbor there must say of them. */
import { z } from 'zod';
import type { ProjectDocument } from './document.ts';
import * as grammar from './grammar.ts';
import { text } from './values.ts';

const scan = z.strictObject({
  severity: z
    .enum(['low', 'medium', 'high', 'critical'])
    .default('high')
    .describe('The lowest severity of a vulnerability that stops the deploy.'),
  fixableOnly: z
    .boolean()
    .default(false)
    .describe('Count only vulnerabilities that a newer version of the package fixes.'),
  deadline: text(grammar.duration)
    .default('5m')
    .describe(
      'How long to wait for the scan, e.g. `90s` or `5m`. A scan that has not ended by then stops the deploy too.',
    ),
});

/** The section. */
export const registry: z.ZodType<NonNullable<ProjectDocument['registry']>> = z.strictObject({
  push: text(grammar.registry).describe('Host[:port][/path] that this machine pushes to.'),
  pull: text(grammar.registry)
    .exactOptional()
    .describe('Host[:port][/path] that the nodes pull from. Default: the same as `push`.'),
  inCluster: text(grammar.registry)
    .exactOptional()
    .describe('Host[:port][/path] that pods in the cluster use for the registry.'),
  multiLevel: z
    .boolean()
    .exactOptional()
    .describe(
      '`true`: names of other registries become folders below this one (`registry.example.com/team/orders`), not one part (`registry_example_com_team_orders`). For Google’s registries this is always so.',
    ),
  insecure: z
    .boolean()
    .default(false)
    .describe('Use plain HTTP for this registry. appdev never does so unless it is written here.'),
  copy: z
    .strictObject({
      insecure: z
        .boolean()
        .default(false)
        .describe(
          'Use plain HTTP for the registry of `pull`. appdev never does so unless it is written here.',
        ),
    })
    .exactOptional()
    .describe(
      'Write this if `pull` is another registry than `push`, not just another name of it. appdev then copies each image there by its digest, with skopeo. `{}` takes the defaults.',
    ),
  ca: text(grammar.path)
    .exactOptional()
    .describe(
      'PEM file of a certificate authority to trust for this registry and for the one of `copy`, besides the usual ones. Default: the file that `APPDEV_REGISTRY_CA` names, if it is set.',
    ),
  harbor: z
    .strictObject({
      scan: scan
        .exactOptional()
        .describe(
          'Deploy only images that the scanner of Harbor lets through: appdev starts a scan after the push and waits for it. Without this key, appdev waits for a scan only if the project prevents vulnerable images from being pulled.',
        ),
    })
    .exactOptional()
    .describe('What appdev asks of a Harbor. appdev recognises a Harbor by its API, not by its name.'),
});
