/**
 * Reads XML that another program must accept anyway, as a tree of names and texts. Tolerant on purpose: Maven judges a
 * pom.xml, and appdev only reads a few facts from it, even while it is being typed. Ignores attributes, knows no custom
 * entities, fetches nothing.
 */

/** An element. `text` is its own text without that of its children, trimmed. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/** Comment, CDATA, processing instruction, declaration, end tag, start tag, or text up to the next tag. */
const token =
  /<!--[\s\S]*?(?:-->|$)|<!\[CDATA\[([\s\S]*?)(?:\]\]>|$)|<\?[\s\S]*?(?:\?>|$)|<!(?:[^>[]|\[[^\]]*(?:\]|$))*(?:>|$)|<\/\s*([^\s<>]+)\s*>|<([^\s/<>!?"']+)(?=[\s/>])((?:"[^"]*"|'[^']*'|[^<>"'])*?)(\/?)>|([^<]+)/g;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The document's root element; undefined if there is none. Elements that are not closed end with the text. */
export function parseXml(text: string): XmlElement | undefined {
  const top: Open = { name: '', text: '', children: [] };
  const open: Open[] = [top];
  const close = (): void => {
    const done = open.pop();
    if (done !== undefined) open.at(-1)?.children.push({ ...done, text: done.text.trim() });
  };
  for (const [, cdata, end, start, , empty, plain] of text.matchAll(token)) {
    const current = open.at(-1) ?? top;
    if (cdata !== undefined) current.text += cdata;
    else if (plain !== undefined) current.text += decode(plain);
    else if (start !== undefined) {
      open.push({ name: start, text: '', children: [] });
      if (empty === '/') close();
    } else if (end !== undefined && open.some(({ name }) => name === end)) {
      while (open.at(-1)?.name !== end) close();
      close();
    }
  }
  while (open.length > 1) close();
  return top.children[0];
}

/** The first child of that name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

/** Every child of that name. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((candidate) => candidate.name === name) ?? [];
}

/** The text of the first child of that name; undefined if there is none or it is empty. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = child(element, name)?.text;
  return text === '' ? undefined : text;
}

function decode(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? whole;
      const code = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
