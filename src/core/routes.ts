/**
 * The table of routes. It says by which stages a change reaches the pods, and what each stage may do. Only here is
 * the order of stages known. A new route is one row here, and one step for each stage that no step does yet
 * (loop/steps/list.ts). Pure data: the loop, the one-shot commands and their tests all read it.
 */
import type { Role } from './role.ts';

/** Why something has to reach the pods: the role of a changed file, or a reason without a file. */
export type ChangeKind =
  | Role
  /** No image of it was made or found in this session. */
  | 'start'
  /** appdev.yaml, the JDK or the target changed. The image is then made of something else. */
  | 'settings'
  /** The user asked for a rebuild. */
  | 'asked';

/** What a route requires before it can be taken. */
export type Ability =
  /** The service has an image, and something that builds it. */
  | 'builder'
  /** The image of its sources is made already, or the service has none. */
  | 'image';

/** What a stage is like, in every route that has it. */
interface StageShape {
  readonly stage: string;
  /** What a newer save does to it: it cancels the stage, or waits until the stage has finished. */
  readonly supersede: 'cancel' | 'finish';
  /** Whether it is done once for all services of a batch, or for each service alone. */
  readonly scope: 'batch' | 'service';
  /**
   * What no other run may use meanwhile. `build-folders`: the folders of the reactor, in which jars are written and
   * read. `machine`: one of the places of the concurrency limit.
   */
  readonly occupies: readonly ('build-folders' | 'machine')[];
  /** What it may change. After `cluster`, a run that ends early leaves pods, and nobody knows what they run. */
  readonly touches: 'folders' | 'registry' | 'cluster' | 'nothing';
}

interface RouteShape {
  readonly route: string;
  /** The kinds of change that it brings to the pods. */
  readonly brings: readonly ChangeKind[] | 'everything';
  readonly needs: readonly Ability[];
  readonly stages: readonly StageShape[];
}

const compile = {
  stage: 'compile',
  supersede: 'cancel',
  scope: 'batch',
  occupies: ['build-folders', 'machine'],
  touches: 'folders',
} as const satisfies StageShape;

const pack = { ...compile, stage: 'package' } as const satisfies StageShape;

const image = {
  stage: 'image',
  supersede: 'cancel',
  scope: 'service',
  occupies: ['build-folders', 'machine'],
  touches: 'folders',
} as const satisfies StageShape;

const push = {
  stage: 'push',
  supersede: 'cancel',
  scope: 'service',
  occupies: ['machine'],
  touches: 'registry',
} as const satisfies StageShape;

/**
 * The one gate. An image that the registry's scan refuses goes no further, whether it was built now, before or
 * elsewhere.
 */
const scan = {
  stage: 'scan',
  supersede: 'cancel',
  scope: 'service',
  occupies: [],
  touches: 'registry',
} as const satisfies StageShape;

const render = {
  stage: 'render',
  supersede: 'cancel',
  scope: 'service',
  occupies: [],
  touches: 'nothing',
} as const satisfies StageShape;

/** It is short, and half done if it is cut. */
const apply = {
  stage: 'apply',
  supersede: 'finish',
  scope: 'service',
  occupies: [],
  touches: 'cluster',
} as const satisfies StageShape;

const rollout = {
  stage: 'rollout',
  supersede: 'cancel',
  scope: 'service',
  occupies: [],
  touches: 'cluster',
} as const satisfies StageShape;

const verify = {
  stage: 'verify',
  supersede: 'cancel',
  scope: 'service',
  occupies: [],
  touches: 'nothing',
} as const satisfies StageShape;

/** The image is there. The manifests are rendered and applied. */
const renderOnly = {
  route: 'render-only',
  brings: ['chart', 'values', 'overlay', 'manifest', 'config'],
  needs: ['image'],
  stages: [scan, render, apply, rollout],
} as const satisfies RouteShape;

/** Jar, image, push, and then as above. */
const throughImage = {
  route: 'image',
  brings: 'everything',
  needs: ['builder'],
  stages: [compile, pack, image, push, scan, render, apply, rollout],
} as const satisfies RouteShape;

/** `appdev build`: what the image route does before it renders. */
const buildOnly = {
  route: 'build',
  brings: 'everything',
  needs: [],
  stages: [compile, pack, image, push, scan],
} as const satisfies RouteShape;

/** `appdev verify`: compares what runs with what would be applied. Changes nothing. */
const verifyOnly = {
  route: 'verify',
  brings: 'everything',
  needs: [],
  stages: [render, rollout, verify],
} as const satisfies RouteShape;

/** Each route by its name. */
export const routes = {
  'render-only': renderOnly,
  image: throughImage,
  build: buildOnly,
  verify: verifyOnly,
} as const;

/** The name of a route: how a change reaches the pods. */
export type Route = keyof typeof routes;

/** The name of a stage. In `scan` a run waits for the registry's judgement of a pushed image. */
export type Stage = (typeof routes)[Route]['stages'][number]['stage'];

/** One stage, as the table has it. */
export interface StageSpec extends StageShape {
  readonly stage: Stage;
}

/** One row of the table. */
export interface RouteSpec extends RouteShape {
  readonly route: Route;
  readonly stages: readonly StageSpec[];
}

/** The routes that `dev` chooses from, the quickest first. */
export const devRoutes: readonly RouteSpec[] = [routes['render-only'], routes.image];

/** Names of a route's stages, in order. */
export function stagesOf({ stages }: RouteSpec): readonly Stage[] {
  return stages.map(({ stage }) => stage);
}

/** Whether a route has this stage. */
export function hasStage({ stages }: RouteSpec, stage: Stage): boolean {
  return stages.some((spec) => spec.stage === stage);
}
