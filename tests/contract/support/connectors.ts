import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { ConnectorDefinition, ContractFixture } from '#sdk';
import type { Question } from './manifest-schema.ts';

const ROOT = new URL('../../../connectors/', import.meta.url);
export const MAPPINGS = new URL('../../../mappings/', import.meta.url);

/** One folder under connectors/, as far as it can be read. */
export interface ConnectorFolder {
  readonly id: string;
  readonly url: URL;
  readonly files: readonly string[];
  /** Unchecked; `manifest.test.ts` checks it. */
  readonly manifest: { readonly quality?: Readonly<Record<string, unknown>>; readonly actions?: Manifested };
  readonly definition: ConnectorDefinition<unknown>;
  readonly fixture: ContractFixture;
  /** Why something above is empty: the first test of the suite shows it. */
  readonly problems: readonly unknown[];
}

type Manifested = Readonly<Record<string, { readonly class?: string }>>;

/** Every folder found, in order of name. No test of this suite knows one by name. */
export const connectors: readonly ConnectorFolder[] = await Promise.all(
  readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()
    .map(load),
);

async function load(id: string): Promise<ConnectorFolder> {
  const url = new URL(`${id}/`, ROOT);
  const problems: unknown[] = [];
  const attempt = async <T>(empty: T, read: () => T | Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      problems.push(error);
      return empty;
    }
  };
  const imported = async <T>(file: string) =>
    ((await import(fileURLToPath(new URL(file, url)))) as { default: T }).default;
  const files = readdirSync(url, { recursive: true, encoding: 'utf8' });
  return {
    id,
    url,
    files: files.map((file) => file.replaceAll('\\', '/')),
    manifest: await attempt({}, () => parse(readFileSync(new URL('manifest.yaml', url), 'utf8'))),
    definition: await attempt({} as ConnectorDefinition<unknown>, () => imported('index.ts')),
    fixture: await attempt<ContractFixture>({ settings: {} }, () => imported('fixtures/contract.ts')),
    problems,
  };
}

/** Names of the action files. */
export const actionFiles = ({ files }: ConnectorFolder) =>
  files.flatMap((file) => /^actions\/([^/]+)\.ts$/.exec(file)?.[1] ?? []);

export const isDone = ({ manifest }: ConnectorFolder, question: Question) => manifest.quality?.[question] === 'done';

export const mappingFile = (id: string, object: string) => new URL(`${id}/${object}.yaml`, MAPPINGS);

export const hasFile = (url: URL) => existsSync(url);
