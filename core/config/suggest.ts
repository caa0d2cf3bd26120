import { closest, distance } from 'fastest-levenshtein';

/** `did you mean "email"?` when one of the allowed words is near enough to be a misspelling; else undefined. */
export function suggest(word: string, allowed: readonly string[]): string | undefined {
  if (allowed.length === 0 || word === '') return undefined;
  const folded = allowed.find((candidate) => fold(candidate) === fold(word));
  const best = folded ?? closest(word, allowed as string[]);
  // Two letters in the wrong order are two edits.
  const limit = Math.max(word.length > 3 ? 2 : 1, Math.floor(Math.max(word.length, best.length) / 3));
  return folded !== undefined || distance(word, best) <= limit ? `did you mean "${best}"?` : undefined;
}

/** The allowed words for a message, cut so that a line stays readable. */
export function listAllowed(allowed: readonly string[], most = 30): string {
  const shown = allowed.slice(0, most).join(', ');
  return allowed.length > most ? `${shown} and ${allowed.length - most} more` : shown || 'none';
}

const fold = (word: string): string => word.replaceAll(/[-_\s]/g, '').toLowerCase();
