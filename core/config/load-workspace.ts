import path from 'node:path';
import type { CustomFields } from './canonical-fields.ts';
import { checkReferences } from './check-references.ts';
import { findFiles, readText } from './config-files.ts';
import type { ConnectorInfo, ConnectorInfos } from './connector-info.ts';
import { type Environment, substitute } from './environment.ts';
import { createExpressionCompiler } from './expressions.ts';
import { loadMappings } from './load-mappings.ts';
import { loadRules } from './load-rules.ts';
import type { Problem } from './problem.ts';
import { templateCompilers } from './rule-context.ts';
import { salvage } from './salvage.ts';
import { listAllowed, suggest } from './suggest.ts';
import type { Connection, Workspace } from './workspace.ts';
import { type WorkspaceFile, workspaceSchema } from './workspace-schema.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';
import { zodProblems } from './zod-problems.ts';

export type { ActionInfo, ConnectorInfo, ConnectorInfos } from './connector-info.ts';

export interface LoadOptions {
  /** The operator's folder, with musubi.yaml. */
  readonly folder: string;
  /** Holds the shipped mappings/ and rules/. */
  readonly shippedFolder: string;
  readonly env: Environment;
  readonly connectors: ConnectorInfos;
}

export interface LoadedWorkspace {
  /** null when there are problems: the last good one stays in force. */
  readonly workspace: Workspace | null;
  readonly problems: readonly Problem[];
}

const WORKSPACE_FILE = 'musubi.yaml';

/**
 * Reads a workspace: musubi.yaml, the mappings of the connectors in use and the rules. Every file is read and every problem reported in
 * one run. A file of the workspace takes the place of a shipped one of the same path. Shipped mappings always apply; a shipped
 * rule sends messages, so it applies only when musubi.yaml names it under `use:`.
 */
export async function loadWorkspace(options: LoadOptions): Promise<LoadedWorkspace> {
  const main = await readWorkspaceFile(options);
  if (!main.ok) return { workspace: null, problems: main.problems };
  const { document, file } = main;
  const problems: Problem[] = [...main.problems];
  const { connections, inUse } = readConnections(document, file, options.connectors, problems);
  const { customFields, events } = file;
  problems.push(...checkReferences(document, file));
  const expressions = createExpressionCompiler({ customFields, events });
  const context = {
    connectors: options.connectors,
    connections: inUse,
    channels: file.channels,
    customFields,
    events,
    timeZone: file.workspace.timeZone,
    locale: file.workspace.locale,
    expressions,
    templates: templateCompilers({ timeZone: file.workspace.timeZone, customFields, events }),
    problems,
  };
  const mappings = loadMappings(await findFiles('mappings', options.folder, options.shippedFolder), context);
  const rules = loadRules(await findFiles('rules', options.folder, options.shippedFolder), file.use, document, context);
  if (problems.length > 0) return { workspace: null, problems: inFileOrder(problems) };
  return {
    workspace: { ...settingsOf(options.folder, file, customFields), connections, mappings, rules },
    problems: [],
  };
}

type MainFile =
  | {
      readonly ok: true;
      readonly document: YamlDocument;
      readonly file: WorkspaceFile;
      readonly problems: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

async function readWorkspaceFile({ folder, env }: LoadOptions): Promise<MainFile> {
  const text = await readText(path.join(folder, WORKSPACE_FILE)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    const message = 'there is no such file: a workspace is a folder with a musubi.yaml';
    return { ok: false, problems: [{ file: WORKSPACE_FILE, line: 1, col: 1, path: '', message }] };
  }
  const read = readYaml(WORKSPACE_FILE, text);
  if (!read.ok) return read;
  const { value, problems } = substitute(read.document, env);
  const parsed = workspaceSchema.safeParse(value);
  if (parsed.success) return { ok: true, document: read.document, file: parsed.data, problems };
  const unset = new Set(problems.map((problem) => problem.path));
  const found = zodProblems(read.document, workspaceSchema, parsed.error).filter((problem) => !unset.has(problem.path));
  const all = [...problems, ...found];
  const rest = workspaceSchema.safeParse(salvage(value, parsed.error.issues));
  // what is left is only checked against: with problems no workspace comes out
  return rest.success && all.length > 0
    ? { ok: true, document: read.document, file: rest.data, problems: all }
    : { ok: false, problems: all };
}

interface Connections {
  readonly connections: Readonly<Record<string, Connection>>;
  /** Connection name → connector, also of those whose settings have problems. */
  readonly inUse: Readonly<Record<string, string>>;
}

function readConnections(
  document: YamlDocument,
  file: WorkspaceFile,
  connectors: ConnectorInfos,
  problems: Problem[],
): Connections {
  const unset = new Set(problems.map((problem) => problem.path));
  const connections: Record<string, Connection> = {};
  const inUse: Record<string, string> = {};
  for (const [order, [name, { connector, poll, ...written }]] of Object.entries(file.connections).entries()) {
    const info = findConnector(connectors, connector);
    if (!info) {
      const known = Object.keys(connectors);
      const message = `no connector "${connector}"; allowed: ${listAllowed(known)}`;
      problems.push(document.problem(['connections', name, 'connector'], message, { hint: suggest(connector, known) }));
      continue;
    }
    inUse[name] = connector;
    const settings = info.configSchema.safeParse(written);
    const pollMs = poll === undefined || poll === 'never' ? null : poll;
    if (settings.success) connections[name] = { name, connector, pollMs, settings: settings.data, order };
    else {
      const found = zodProblems(document, info.configSchema, settings.error, ['connections', name]);
      problems.push(...found.filter((problem) => !unset.has(problem.path)));
    }
  }
  return { connections, inUse };
}

const findConnector = (connectors: ConnectorInfos, id: string): ConnectorInfo | undefined =>
  Object.hasOwn(connectors, id) ? connectors[id] : undefined;

function settingsOf(
  folder: string,
  file: WorkspaceFile,
  customFields: CustomFields,
): Omit<Workspace, 'connections' | 'mappings' | 'rules'> {
  const { quietHours, quietDays, cap } = file.gate;
  return {
    folder,
    ...file.workspace,
    policy: file.policy,
    customFields,
    events: file.events,
    staff: file.staff,
    channels: file.channels,
    calendar: { timeZone: file.workspace.timeZone, ...file.calendar },
    gate: {
      quiet: quietHours === 'off' ? { quietDays } : { quietHours, quietDays },
      cap: cap === 'off' ? null : { count: cap.count, perMs: cap.per },
    },
    segments: file.segments,
    intake: file.intake,
  };
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return [...problems].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.col - b.col,
  );
}
