import { readFileSync } from 'node:fs';

/** Rows of a tab-separated fixture; lines that begin with `#` say what the columns are. */
export function corpus(name: string): readonly (readonly string[])[] {
  return readFileSync(new URL(`./fixtures/${name}.tsv`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));
}
