/** The targets of the benchmarks: a figure that misses its target makes `npm run bench` end with exit code 1. */

/** The target's text for behind a figure; `met` says whether the figure keeps to it. */
export function target(text, met) {
  if (met) return `(target: ${text})`;
  process.exitCode = 1;
  return `(target: ${text}; MISSED)`;
}

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds as people read them. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
