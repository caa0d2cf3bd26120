/** The names and indexes of a path into a tool's record. */
export type RecordPath = readonly (string | number)[];

const STEP = /(?:^|\.)([^.[\]"]+)|\[(\d+)\]|(?:^|\.?)\["([^"]+)"\]/y;

/** Reads `properties.email`, `items[0].name` or `["a.b"].value`; undefined when it is no path. `0` after a dot is an index too. */
export function readPath(written: string): RecordPath | undefined {
  const steps: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < written.length) {
    const [, name, index, quoted] = STEP.exec(written) ?? [];
    if (name === undefined && index === undefined && quoted === undefined) return undefined;
    steps.push(index === undefined ? (quoted ?? name ?? '').trim() : Number(index));
  }
  const isRefused = steps.some(
    (step) => step === '' || step === '__proto__' || step === 'constructor' || step === 'prototype',
  );
  return steps.length === 0 || isRefused ? undefined : steps;
}
