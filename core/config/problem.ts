import { ConfigError } from '../sdk/errors.ts';

/** Something an operator wrote that cannot be used, and where. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly col: number;
  /** The place inside the document, e.g. `then.0.slack.alert.to`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What was probably meant, e.g. `did you mean "email"?`. */
  readonly hint?: string | undefined;
}

export type Path = readonly (string | number)[];

/** `mappings/hubspot/contacts.yaml:5:10 fields.emial: unknown key (did you mean "email"?)`. */
export function formatProblem({ file, line, col, path, message, hint }: Problem): string {
  return `${file}:${line}:${col} ${path === '' ? '' : `${path}: `}${message}${hint ? ` (${hint})` : ''}`;
}

/** All problems of a run as one error, for callers that cannot go on without a workspace. */
export function problemsError(problems: readonly Problem[]): ConfigError {
  const lines = problems.map((problem) => `\n  ${formatProblem(problem)}`).join('');
  return new ConfigError(`[workspace] ${countOf(problems)} in the configuration: correct the files${lines}`, {
    code: 'config_invalid',
  });
}

const countOf = (problems: readonly Problem[]): string =>
  `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
