#!/usr/bin/env node
// The shipped program is one code-split bundle; in a checkout `npm run build` makes it.
import { existsSync } from 'node:fs';

const entry = new URL('../dist/cli.js', import.meta.url);
if (existsSync(entry)) {
  await import(entry.href);
} else {
  console.error('appdev is not built in this checkout. Type: npm ci && npm run build');
  process.exitCode = 2;
}
