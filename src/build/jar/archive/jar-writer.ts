/**
 * Writes a jar whose bytes depend only on its content: entries in order, uncompressed (a registry compresses the
 * layer), and one fixed time. Folders get entries too, because class path scanning looks for them.
 */
import { crc32 } from 'node:zlib';
import { ZipError } from './zip.ts';

/** 1 January 1980, 00:00, the first day of the format (MS-DOS date; the time is 0). */
const dosDate = 0x21;

/**
 * The bytes of a jar. `files` are by name. If there is a manifest, it comes first, as the format demands. @throws
 * ZipError
 */
export function jarBytes(files: ReadonlyMap<string, Buffer>): Buffer {
  const manifest = 'META-INF/MANIFEST.MF';
  const names = [...files.keys()].filter((name) => name !== manifest).sort();
  const folders = new Set(names.flatMap(foldersOf).concat(files.has(manifest) ? ['META-INF/'] : []));
  const rest = [...folders]
    .filter((name) => name !== 'META-INF/')
    .concat(names)
    .sort();
  const ordered = [
    ...(folders.has('META-INF/') ? ['META-INF/'] : []),
    ...(files.has(manifest) ? [manifest] : []),
    ...rest,
  ];
  // More than 65,535 entries or 4 GiB would need the ZIP64 format. No application has that.
  if (ordered.length > 0xffff)
    throw new ZipError(`the application has ${ordered.length} files, more than appdev can put into one jar`);

  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let offset = 0;
  for (const name of ordered) {
    const bytes = files.get(name) ?? Buffer.alloc(0);
    const header = headerOf(name, bytes);
    list.push(listEntry(header, name, offset));
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), header, Buffer.from(name)]);
    parts.push(local, bytes);
    offset += local.length + bytes.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(ordered.length, 8);
  end.writeUInt16LE(ordered.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** The part that a local header and a list entry have in common, from "version needed" to "extra field length". */
function headerOf(name: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(10, 0);
  // Names are UTF-8.
  header.writeUInt16LE(0x800, 2);
  header.writeUInt16LE(dosDate, 8);
  header.writeUInt32LE(crc32(bytes), 10);
  header.writeUInt32LE(bytes.length, 14);
  header.writeUInt32LE(bytes.length, 18);
  header.writeUInt16LE(Buffer.byteLength(name), 22);
  return header;
}

function listEntry(header: Buffer, name: string, offset: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('PK\x01\x02\x0a\x00', 'latin1'), header, tail, Buffer.from(name)]);
}

function foldersOf(name: string): string[] {
  const steps = name.split('/').slice(0, -1);
  return steps.map((_, index) => `${steps.slice(0, index + 1).join('/')}/`);
}
