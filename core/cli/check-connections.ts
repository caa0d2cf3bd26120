import path from 'node:path';
import { readText } from '../config/config-files.ts';
import { type Environment, substitute } from '../config/environment.ts';
import type { Problem } from '../config/problem.ts';
import { readYaml, type YamlDocument } from '../config/yaml-document.ts';
import { isLoopback } from '../runtime/open-setup.ts';
import type { RegisteredConnector } from '../runtime/registry.ts';

import { settingsMarked } from '../sdk/settings.ts';

export interface ConnectionFindings {
  readonly problems: readonly Problem[];
  /** Things that work but are probably not meant. */
  readonly warnings: readonly Problem[];
}

export interface ConnectionCheck {
  readonly folder: string;
  readonly env: Environment;
  readonly connectors: ReadonlyMap<string, RegisteredConnector>;
  /** The port the hub itself listens on. */
  readonly hubPort: number;
}

interface Written {
  readonly name: string;
  readonly connector: RegisteredConnector;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * What can be said of the connections together without a network: two vendors on one address, an address that is the hub's own, one
 * account connected twice, a public URL that no vendor can reach. Works on what can be read, beside the problems of other files.
 */
export async function checkConnections(options: ConnectionCheck): Promise<ConnectionFindings> {
  const read = readYaml('musubi.yaml', await readText(path.join(options.folder, 'musubi.yaml')));
  if (!read.ok) return { problems: [], warnings: [] };
  const { value } = substitute(read.document, options.env);
  const written = writtenConnections(value, options.connectors);
  return {
    problems: addressProblems(read.document, written, options.hubPort),
    warnings: [...sameAccounts(read.document, written), ...unreachable(read.document, value, written)],
  };
}

function writtenConnections(value: unknown, connectors: ConnectionCheck['connectors']): Written[] {
  const { connections } = (value ?? {}) as { connections?: Record<string, Record<string, unknown>> };
  return Object.entries(connections ?? {}).flatMap(([name, { connector: id, poll: _poll, ...settings }]) => {
    const connector = connectors.get(String(id));
    const parsed = connector?.definition.config.safeParse(settings);
    return connector && parsed?.success ? [{ name, connector, settings: parsed.data as Written['settings'] }] : [];
  });
}

interface Address {
  readonly connection: Written;
  readonly setting: string;
  readonly host: string;
  readonly url: string;
}

/** The base URLs of a connection. */
const addressesOf = (connection: Written): Address[] =>
  settingsMarked(connection.connector.definition.config, 'baseUrl').flatMap((setting) => {
    const url = connection.settings[setting];
    return typeof url === 'string' ? [{ connection, setting, host: new URL(url).host, url }] : [];
  });

function addressProblems(document: YamlDocument, written: readonly Written[], hubPort: number): Problem[] {
  const addresses = written.flatMap(addressesOf).filter(({ url }) => isLoopback(url));
  return addresses.flatMap(({ connection, setting, host, url }, index) => {
    const place = ['connections', connection.name, setting];
    if (Number(new URL(url).port) === hubPort) {
      return [document.problem(place, `${host} is the hub's own address: give the sandbox another port`)];
    }
    const first = addresses
      .slice(0, index)
      .find((one) => one.host === host && one.connection.connector.id !== connection.connector.id);
    if (!first) return [];
    const message = `${host} is already the address of ${first.connection.name} (${first.connection.connector.id}): each sandbox needs a port of its own`;
    return [document.problem(place, message)];
  });
}

/** Two connections with equal secrets are one account twice: everything would be answered twice. */
function sameAccounts(document: YamlDocument, written: readonly Written[]): Problem[] {
  const secretsOf = ({ connector, settings }: Written): string =>
    JSON.stringify(settingsMarked(connector.definition.config, 'secret').map((name) => settings[name] ?? null));
  return written.flatMap((connection, index) => {
    const twin = written
      .slice(0, index)
      .find((one) => one.connector.id === connection.connector.id && secretsOf(one) === secretsOf(connection));
    if (!twin || secretsOf(connection) === '[]') return [];
    return [
      document.problem(
        ['connections', connection.name],
        `has the same credentials as ${twin.name}: one account connected twice is answered twice`,
      ),
    ];
  });
}

function unreachable(document: YamlDocument, value: unknown, written: readonly Written[]): Problem[] {
  const publicUrl = (value as { workspace?: { publicUrl?: unknown } } | null)?.workspace?.publicUrl;
  const isLocal =
    publicUrl === undefined || (typeof publicUrl === 'string' && URL.canParse(publicUrl) && isLoopback(publicUrl));
  if (!isLocal) return [];
  const waiting = written.filter(
    (one) => one.connector.definition.webhook && addressesOf(one).some(({ url }) => !isLoopback(url)),
  );
  if (waiting.length === 0) return [];
  const names = waiting.map(({ name }) => name).join(', ');
  return [
    document.problem(
      ['workspace', 'publicUrl'],
      `no tool can reach this machine's own address: the webhooks of ${names} will not arrive; write the URL the internet sees`,
    ),
  ];
}
