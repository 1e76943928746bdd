/** What Maven's goals do to a module's `target`. This decides what must be removed before the next build. Pure. */
import type { Goal } from './listener/events.ts';

/**
 * - `none`: leaves `target/classes` as it is.
 * - `compiles`: javac writes class files, and whatever annotation processors make.
 * - `copies`: copies resources.
 * - `generates`: makes sources or resources, but no class files, from anything other than the module's Java sources.
 * - `unknown`: may read and write anything.
 */
export type Effect = 'none' | 'compiles' | 'copies' | 'generates' | 'unknown';

const none =
  /^(resources:testResources|compiler:testCompile|surefire:|failsafe:|jar:|war:|source:|javadoc:|spring-boot:repackage|assembly:|shade:|install:|clean:|enforcer:|checkstyle:|pmd:|spotbugs:|spotless:|formatter:|flatten:|toolchains:|jacoco:(prepare-agent|report|check)|jib:|docker:)/;

const generates =
  /^(spring-boot:build-info|git-commit-id(-plugin)?:|buildnumber:|build-helper:|frontend:|checksum:|antrun:|exec:|openapi-generator:|swagger-codegen:|jsonschema2pojo:|cxf-codegen:|jaxb2?:|xjc:|jaxws:|protobuf:|antlr4:|avro:|jooq-codegen:|cyclonedx:|properties:|license:|asciidoctor:)/;

/** The effect of a goal. */
export function effectOf({ plugin, goal }: Pick<Goal, 'plugin' | 'goal'>): Effect {
  const name = `${plugin}:${goal}`;
  if (name === 'compiler:compile') return 'compiles';
  if (name === 'resources:resources') return 'copies';
  if (none.test(name)) return 'none';
  return generates.test(name) ? 'generates' : 'unknown';
}
