/** Where a command's words go. Results go to standard output, everything about the way there to standard error. */
export interface Terminal {
  readonly language: 'ja' | 'en';
  /** One of two wordings, by the language. */
  readonly pick: (ja: string, en: string) => string;
  readonly print: (line?: string) => void;
  readonly say: (ja: string, en: string) => void;
  readonly warn: (line: string) => void;
  /** Says what is under way: on a terminal in one line that goes away with null, elsewhere in plain lines. */
  readonly progress: (line: string | null) => void;
}

interface Sink {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
}

const CLEAR_LINE = '\r\u001b[2K';

export function createTerminal(
  language: 'ja' | 'en',
  out: Sink = process.stdout,
  error: Sink = process.stderr,
): Terminal {
  const pick = (ja: string, en: string): string => (language === 'ja' ? ja : en);
  const print = (line = ''): void => void out.write(`${line}\n`);
  return {
    language,
    pick,
    print,
    say: (ja, en) => print(pick(ja, en)),
    warn: (line) => void error.write(`${line}\n`),
    progress(line) {
      if (error.isTTY) error.write(line === null ? CLEAR_LINE : `${CLEAR_LINE}… ${line}`);
      else if (line !== null) error.write(`… ${line}\n`);
    },
  };
}
