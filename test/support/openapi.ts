/** Holds an exchange against an OpenAPI 2 document: is there such a call, such a status, and does the body fit? */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

type Node = Readonly<Record<string, unknown>>;

/** One call with its answer. */
export interface Exchange {
  readonly method: string;
  /** With the query, below the base path. */
  readonly path: string;
  readonly status: number;
  /** Empty for none. */
  readonly body: string;
}

/** A document. */
export class OpenApi {
  readonly #root: Node;
  readonly #paths: readonly { readonly pattern: RegExp; readonly item: Node; readonly literal: number }[];

  constructor(file: string) {
    this.#root = parse(readFileSync(file, 'utf8')) as Node;
    this.#paths = Object.entries(this.#root['paths'] as Node)
      .map(([template, item]) => ({
        pattern: new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`),
        item: item as Node,
        literal: template.replace(/\{[^}]+\}/g, '').length,
      }))
      .sort((a, b) => b.literal - a.literal);
  }

  /** What does not fit, as sentences; empty when all does. */
  complaints({ method, path, status, body }: Exchange): readonly string[] {
    const [plain = ''] = path.split('?');
    const found = this.#paths.find(({ pattern }) => pattern.test(plain));
    const operation = found?.item[method.toLowerCase()] as Node | undefined;
    if (operation === undefined) return [`there is no ${method} ${plain}`];
    const response = (operation['responses'] as Node)[String(status)] as Node | undefined;
    if (response === undefined) return [`${method} ${plain} does not answer with ${status}`];
    const { schema } = this.#resolve(response) as { schema?: Node };
    if (schema === undefined || method === 'HEAD') return [];
    if (body === '') return [`${method} ${plain} has no body`];
    return this.#fits(JSON.parse(body), schema, 'body');
  }

  #resolve(node: Node): Node {
    const ref = node['$ref'];
    if (typeof ref !== 'string') return node;
    let target: unknown = this.#root;
    for (const part of ref.slice(2).split('/')) target = (target as Node)[part];
    return this.#resolve(target as Node);
  }

  #fits(value: unknown, unresolved: Node, at: string): string[] {
    const schema = this.#resolve(unresolved);
    // Harbor's server writes empty lists and maps as null.
    if (value === null) return schema['type'] === 'string' ? [`${at} is null`] : [];
    const parts = ((schema['allOf'] ?? []) as readonly Node[]).flatMap((one) => this.#fits(value, one, at));
    const { type } = schema;
    if (type === 'array') {
      if (!Array.isArray(value)) return [...parts, `${at} is not a list`];
      return value.flatMap((item, index) =>
        this.#fits(item, (schema['items'] ?? {}) as Node, `${at}[${index}]`),
      );
    }
    if (type === 'object' || schema['properties'] !== undefined) {
      if (typeof value !== 'object' || Array.isArray(value)) return [...parts, `${at} is not a map`];
      return [...parts, ...this.#mapFits(value as Node, schema, at)];
    }
    if (type === 'string' && typeof value !== 'string') return [...parts, `${at} is not a string`];
    if (type === 'boolean' && typeof value !== 'boolean') return [...parts, `${at} is not a boolean`];
    if (type === 'integer' && !Number.isInteger(value)) return [...parts, `${at} is not an integer`];
    if (schema['format'] === 'date-time' && typeof value === 'string' && Number.isNaN(Date.parse(value)))
      return [...parts, `${at} is not a time`];
    return parts;
  }

  #mapFits(value: Node, schema: Node, at: string): string[] {
    const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Node>>;
    const other = schema['additionalProperties'];
    const closed = schema['properties'] !== undefined && (other === undefined || other === false);
    const missing = ((schema['required'] ?? []) as readonly string[])
      .filter((name) => value[name] === undefined)
      .map((name) => `${at}.${name} is missing`);
    const wrong = Object.entries(value).flatMap(([name, inner]) => {
      const known = properties[name] ?? (typeof other === 'object' ? (other as Node) : undefined);
      if (known !== undefined) return this.#fits(inner, known, `${at}.${name}`);
      return closed ? [`${at}.${name} is not in the document`] : [];
    });
    return [...missing, ...wrong];
  }
}
