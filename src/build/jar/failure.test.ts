import { expect, it } from 'vitest';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { compileFailure } from './failure.ts';

const error: Diagnostic = {
  severity: 'error',
  message: 'cannot find symbol',
  file: 'src/a/Order.java',
  line: 3,
};

it.each([
  [[error], 'orders: 1 compile error in Order.java', 'fix it and save'],
  [
    [error, { ...error, file: 'src/a/Item.java' }],
    'orders: 2 compile errors in 2 files',
    'fix the first one and save; it may have caused the others',
  ],
])('says how many compile errors there are, and what to do: %#', (diagnostics, message, hint) => {
  expect(compileFailure('orders', diagnostics)).toMatchObject({ message, hint });
});
