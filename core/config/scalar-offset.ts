/**
 * Where in the file the character `offset` of a YAML scalar's value stands. Quotes, escapes, indentation and folded lines make the
 * written text longer than the value, so both are walked side by side.
 */
export function offsetInScalar(text: string, start: number, end: number, value: string, offset: number): number {
  let at = start + headerLength(text.slice(start, end));
  for (let index = 0; index < offset && index < value.length && at < end; index++) {
    at = nextAt(text, at, end, value[index] ?? '') + 1;
  }
  return Math.min(skipBlank(text, at, end, value[offset] ?? ''), end);
}

/** A quote, or the line that opens a block scalar (`|-`). */
function headerLength(written: string): number {
  if (written.startsWith('"') || written.startsWith("'")) return 1;
  if (written.startsWith('|') || written.startsWith('>')) return written.indexOf('\n') + 1;
  return 0;
}

function nextAt(text: string, from: number, end: number, char: string): number {
  let at = skipBlank(text, from, end, char);
  if (text[at] === char) return text[at] === "'" && text[at + 1] === "'" ? at + 1 : at;
  // An escape in double quotes (\" or \n) or a folded line break read as one space.
  if (text[at] === '\\') return at + 1;
  while (char === ' ' && at + 1 < end && /\s/.test(text[at + 1] ?? '')) at += 1;
  return at;
}

function skipBlank(text: string, from: number, end: number, char: string): number {
  let at = from;
  while (at < end && text[at] !== char && /\s/.test(text[at] ?? '') && !/\s/.test(char)) at += 1;
  return at;
}
