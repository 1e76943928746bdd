/** The section `registry` of appdev.yaml: where images go, and what a Harbor there must say of them. */
import { z } from 'zod';
import type { ProjectDocument } from './document.ts';
import * as grammar from './grammar.ts';
import { text } from './values.ts';

const scan = z.strictObject({
  severity: z
    .enum(['low', 'medium', 'high', 'critical'])
    .default('high')
    .describe('The mildest severity of a vulnerability that stops the deploy.'),
  fixableOnly: z
    .boolean()
    .default(false)
    .describe('Count only vulnerabilities that a newer version of the package mends.'),
  deadline: text(grammar.duration)
    .default('5m')
    .describe(
      'How long to wait for the scan, e.g. `90s` or `5m`; a scan that has not ended by then stops the deploy too.',
    ),
});

/** The section. */
export const registry: z.ZodType<NonNullable<ProjectDocument['registry']>> = z.strictObject({
  push: text(grammar.registry).describe('Host[:port][/path] that this machine pushes to.'),
  pull: text(grammar.registry)
    .exactOptional()
    .describe('Host[:port][/path] that the nodes pull from. Without it, the same as `push`.'),
  inCluster: text(grammar.registry)
    .exactOptional()
    .describe('Host[:port][/path] by which pods in the cluster reach the registry.'),
  multiLevel: z
    .boolean()
    .exactOptional()
    .describe(
      'Rewrite names of other registries to folders (`registry.example.com/team/orders` below this one) instead of one part (`registry_example_com_team_orders`). Google’s registries always do.',
    ),
  insecure: z
    .boolean()
    .default(false)
    .describe('Speak plain HTTP to this registry. Never done where it is not written down.'),
  copy: z
    .strictObject({
      insecure: z
        .boolean()
        .default(false)
        .describe('Speak plain HTTP to the registry of `pull`. Never done where it is not written down.'),
    })
    .exactOptional()
    .describe(
      '`pull` is another registry than `push`, not another name of it: appdev copies each image there by its digest, with skopeo. `{}` takes the defaults.',
    ),
  ca: text(grammar.path)
    .exactOptional()
    .describe(
      "PEM file of a certificate authority to trust for this registry, and for the one of `copy`, beside the usual ones. `APPDEV_REGISTRY_CA` names one where this key doesn't.",
    ),
  harbor: z
    .strictObject({
      scan: scan
        .exactOptional()
        .describe(
          'Deploy only what the scanner of Harbor lets through: after the push a scan is started and waited for. Without it, only projects that prevent vulnerable pulls are waited for.',
        ),
    })
    .exactOptional()
    .describe('What appdev asks of a registry that is a Harbor (found by its API, not by its name).'),
});
