import type { Path, Problem } from './problem.ts';
import type { YamlDocument } from './yaml-document.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

const PLACEHOLDER = /\$\{([^}]*)\}/g;
const NAME = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** Puts `${NAME}` and `${NAME:-default}` into the text values of musubi.yaml. An empty variable counts as not set. */
export function substitute(document: YamlDocument, env: Environment): Substituted {
  const problems: Problem[] = [];
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return fill(value, path);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  };
  const fill = (text: string, path: Path): string =>
    text.replaceAll(PLACEHOLDER, (_whole, inside: string, offset: number) => {
      const [, name = '', fallback] = NAME.exec(inside) ?? [];
      if (name === '') {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: shown to the operator as it is.
        problems.push(document.problem(path, 'a placeholder is written ${NAME} or ${NAME:-default}', { offset }));
        return '';
      }
      const found = env[name] || fallback;
      if (found === undefined) problems.push(document.problem(path, missing(name, path), { offset }));
      return found ?? '';
    });
  return { value: visit(document.value, []), problems };
}

function missing(name: string, path: Path): string {
  const [section, connection, ...key] = path;
  const where =
    section === 'connections' && key.length > 0
      ? `connection "${connection}", key "${key.join('.')}"`
      : `key "${path.join('.')}"`;
  return `the environment variable ${name} is not set (${where})`;
}
