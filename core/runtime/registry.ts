import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ConnectorInfo } from '../config/connector-info.ts';
import type { OpenAction } from '../pipeline/setup.ts';
import type { ConnectorDefinition } from '../sdk/connector.ts';
import { ConfigError } from '../sdk/errors.ts';

const manifestSchema = z.looseObject({
  id: z.string(),
  names: z.object({ ja: z.string(), en: z.string() }),
  actions: z
    .record(
      z.string(),
      z.looseObject({
        class: z.enum(['A', 'B', 'C', 'D']),
        kind: z.enum(['promotional', 'transactional', 'staff']),
        channel: z.string().optional(),
      }),
    )
    .default({}),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** A connector's folder, read; its parts are loaded when they are asked for. */
export interface RegisteredConnector {
  readonly id: string;
  readonly manifest: Manifest;
  readonly definition: ConnectorDefinition<unknown>;
}

/** The connectors whose folders are there. Only the named ones are imported: a vendor's SDK costs time and memory. */
export async function loadConnectors(
  folder: string,
  wanted: ReadonlySet<string> | null,
): Promise<Map<string, RegisteredConnector>> {
  const found = new Map<string, RegisteredConnector>();
  const entries = await readdir(folder, { withFileTypes: true });
  for (const { name } of entries.filter((one) => one.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (wanted !== null && !wanted.has(name)) continue;
    found.set(name, await loadConnector(join(folder, name), name));
  }
  return found;
}

async function loadConnector(folder: string, name: string): Promise<RegisteredConnector> {
  const manifest = await readManifest(folder, name);
  if (manifest.id !== name) {
    throw new ConfigError(`[${name}] the manifest names itself ${manifest.id}: give it the name of its folder`, {
      code: 'manifest_invalid',
    });
  }
  const module = (await import(pathToFileURL(join(folder, 'index.ts')).href)) as {
    default: ConnectorDefinition<unknown>;
  };
  return { id: name, manifest, definition: module.default };
}

async function readManifest(folder: string, name: string): Promise<Manifest> {
  try {
    return manifestSchema.parse(parse(await readFile(join(folder, 'manifest.yaml'), 'utf8')));
  } catch (cause) {
    const why =
      cause instanceof z.ZodError
        ? z.prettifyError(cause).replace(/\s*\n\s*/g, '; ')
        : String((cause as Error).message).replace(/\s*\n\s*/g, ' ');
    throw new ConfigError(`[${name}] manifest.yaml cannot be used: ${why}`, { code: 'manifest_invalid', cause });
  }
}

/** What the configuration must know of each connector; loads its actions, for their inputs are checked. */
export async function connectorInfos(
  connectors: ReadonlyMap<string, RegisteredConnector>,
): Promise<Record<string, ConnectorInfo>> {
  const infos: Record<string, ConnectorInfo> = {};
  for (const [id, connector] of connectors) {
    const actions = await openActions(connector);
    infos[id] = {
      id,
      configSchema: connector.definition.config,
      objects: Object.keys(connector.definition.objects ?? {}),
      actions: Object.fromEntries(
        Object.entries(actions).map(([name, { action, effectClass, kind }]) => [
          name,
          { inputSchema: action.input, texts: action.texts, effectClass, kind, escape: action.escape },
        ]),
      ),
    };
  }
  return infos;
}

/** A connector's actions with what its manifest says of them. */
export async function openActions({
  id,
  manifest,
  definition,
}: RegisteredConnector): Promise<Record<string, OpenAction>> {
  const opened: Record<string, OpenAction> = {};
  for (const [name, load] of Object.entries(definition.actions ?? {})) {
    const said = manifest.actions[name];
    if (!said)
      throw new ConfigError(`[${id}] the manifest does not name the action ${name}: add its class and kind`, {
        code: 'manifest_invalid',
      });
    const { default: action } = await load();
    opened[name] = { action, effectClass: said.class, kind: said.kind, channel: said.channel ?? id };
  }
  const missing = Object.keys(manifest.actions).find((name) => !Object.hasOwn(definition.actions ?? {}, name));
  if (missing !== undefined) {
    throw new ConfigError(
      `[${id}] the manifest names the action ${missing}, which is not there: write it or take it out`,
      {
        code: 'manifest_invalid',
      },
    );
  }
  return opened;
}
