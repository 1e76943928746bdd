/**
 * What is generated from the schema: schema.json for editors, and docs/config.md for people. Pure: schema in, text
 * out. A test compares the texts with the checked-in files and rewrites them when UPDATE_GENERATED=1 is set.
 */
import { z } from 'zod';
import { artifactsSchema } from '../artifacts.ts';
import { introduction, rules } from './reference-text.ts';
import { fileSchema } from '../schema/schema.ts';

/** The parts of JSON schema that zod writes for this schema. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly required?: readonly string[];
}

/** The JSON schema (draft 7, which editors know best) of appdev.yaml, as text. */
export function jsonSchemaText(): string {
  const schema = z.toJSONSchema(fileSchema, { target: 'draft-7', io: 'input', override: simplify });
  const shared = { description: 'A place for anchors (`&name`): values that aliases repeat elsewhere.' };
  const titled = {
    ...{ $schema: schema.$schema, title: 'appdev.yaml', ...schema },
    patternProperties: { '^x-': shared },
  };
  return `${JSON.stringify(titled, undefined, 2)}\n`;
}

/** The JSON schema of artifacts.json, as text. */
export function artifactsSchemaText(): string {
  const schema = z.toJSONSchema(artifactsSchema, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify({ $schema: schema.$schema, title: 'artifacts.json', ...schema }, undefined, 2)}\n`;
}

/** Every key of appdev.yaml by its path: `services.<name>.deploy.helm.chart`, `profiles[].name`. */
export function allKeys(): string[] {
  return mapsIn(fileJsonSchema(), '').flatMap(({ at, schema }) =>
    Object.keys(schema.properties ?? {}).map((key) => (at === '' ? key : `${at}.${key}`)),
  );
}

/** docs/config.md as text. */
export function configDocsText(): string {
  const tables = tablesOf(mapsIn(fileJsonSchema(), ''));
  return `${[introduction, ...tables, rules].map((text) => text.trim()).join('\n\n')}\n`;
}

/** A section for each map. One with the keys of an earlier map refers to that, and its inner maps are left out. */
function tablesOf(maps: readonly KeyedMap[]): string[] {
  const places = new Map<string, string>();
  const repeated: string[] = [];
  return maps.flatMap(({ at, schema }) => {
    if (repeated.some((outer) => at.startsWith(`${outer}.`))) return [];
    const keys = JSON.stringify(schema.properties);
    const earlier = places.get(keys);
    if (earlier === undefined) {
      places.set(keys, at);
      return [tableOf(schema, at)];
    }
    repeated.push(at);
    return [`${headingOf(at)}\n\nThe same keys as in [\`${earlier}\`](#${earlier}).`];
  });
}

interface KeyedMap {
  readonly at: string;
  readonly schema: Schema;
}

/** The maps with known keys, outer ones first. An overlay is left out: it has the keys of the file itself. */
function mapsIn(schema: Schema, at: string): KeyedMap[] {
  if (at === 'profiles[].overlay') return [];
  return [
    ...(schema.properties === undefined ? [] : [{ at, schema }]),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
      mapsIn(value, at === '' ? key : `${at}.${key}`),
    ),
    ...(isSchema(schema.additionalProperties) ? mapsIn(schema.additionalProperties, `${at}.<name>`) : []),
    ...(schema.items === undefined ? [] : mapsIn(schema.items, `${at}[]`)),
  ];
}

function fileJsonSchema(): Schema {
  return JSON.parse(jsonSchemaText()) as Schema;
}

function isSchema(schema: Schema | false | undefined): schema is Schema {
  return typeof schema === 'object';
}

/** "This, or null" as one schema with two types: editors complete keys better without a choice in between. */
function simplify({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  delete jsonSchema.propertyNames;
  const [first, second, ...rest] = jsonSchema.anyOf ?? [];
  if (rest.length > 0 || first?.type === undefined || second?.type !== 'null') return;
  const { description } = jsonSchema;
  delete jsonSchema.anyOf;
  Object.assign(jsonSchema, first, { type: [first.type, 'null'] });
  if (first.enum !== undefined) jsonSchema.enum = [...first.enum, null];
  if (description !== undefined) jsonSchema.description = description;
}

function tableOf(schema: Schema, at: string): string {
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const required = schema.required?.includes(key) === true;
    return `| \`${key}\` | ${typeText(value)} | ${defaultText(value, required)} | ${cell(value.description ?? '')} |`;
  });
  return [headingOf(at), '', '| key | type | default | meaning |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function headingOf(at: string): string {
  return at === '' ? '## Keys' : `### ${at.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function typeText(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' or ');
  if (schema.items !== undefined) return `list of ${plural(schema.items)}`;
  if (isSchema(schema.additionalProperties)) return `map of name to ${plural(schema.additionalProperties)}`;
  const names: Record<string, string> = {
    object: 'map',
    integer: 'whole number',
    boolean: '`true` or `false`',
  };
  if (typeof schema.type === 'string') return names[schema.type] ?? schema.type;
  return schema.type === undefined ? 'any value' : schema.type.join(', ');
}

function plural(schema: Schema): string {
  if (schema.type === 'object') return 'maps';
  const names: Record<string, string> = {
    string: 'strings',
    number: 'numbers',
    boolean: '`true` or `false`',
  };
  return [schema.type ?? []]
    .flat()
    .map((type) => names[type] ?? type)
    .join(', ');
}

function defaultText(schema: Schema, required: boolean): string {
  if (required) return 'required';
  const { default: value } = schema;
  if (value === undefined || (typeof value === 'object' && schema.type === 'object')) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
