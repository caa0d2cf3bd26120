import { createTerminal, type Terminal } from '../../../core/cli/terminal.ts';

export interface CapturedTerminal extends Terminal {
  /** Standard output so far, without what was taken before. */
  readonly takeOut: () => string;
  readonly takeError: () => string;
}

/** A terminal that keeps what is said to it. */
export function capturedTerminal(language: 'ja' | 'en' = 'en'): CapturedTerminal {
  const said = { out: '', error: '' };
  const sink = (name: 'out' | 'error') => ({
    write: (text: string) => {
      said[name] += text;
    },
  });
  const take = (name: 'out' | 'error') => () => {
    const text = said[name];
    said[name] = '';
    return text;
  };
  return { ...createTerminal(language, sink('out'), sink('error')), takeOut: take('out'), takeError: take('error') };
}
