/** Checks figures against their targets. If one misses its target, `npm run bench` ends with exit code 1. */

/** The text to print after a figure. `met` says whether it meets its target. If not, the exit code becomes 1. */
export function target(text, met) {
  if (met) return `(target: ${text})`;
  process.exitCode = 1;
  return `(target: ${text}; MISSED)`;
}

/** The median: the middle value, or the mean of the two middle values. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds as a text in seconds, e.g. `1.42 s`. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
