import type { CustomFields } from '../config/canonical-fields.ts';
import type { PolicyRule, Workspace } from '../config/workspace.ts';
import { compileMapping } from '../mapping/compile-mapping.ts';
import { createCalendar } from '../model/calendar.ts';
import { entities, entityTypes } from '../model/entities.ts';
import { DEFAULT_POLICY, type OpenConnection, type Setup } from '../pipeline/setup.ts';
import { indexRules } from '../rules/rule-index.ts';
import { settingsMarked } from '../sdk/settings.ts';
import type { FieldRules } from '../sync/apply-fields.ts';
import { openActions, type RegisteredConnector } from './registry.ts';

/** Compiles a workspace that was found right and opens its connections. */
export async function openSetup(
  workspace: Workspace,
  connectors: ReadonlyMap<string, RegisteredConnector>,
): Promise<Setup> {
  const calendar = createCalendar(workspace.calendar);
  const connections = new Map<string, OpenConnection>();
  for (const { name, connector: id, settings, order } of Object.values(workspace.connections)) {
    const connector = connectors.get(id);
    if (!connector) throw new Error(`[${name}] no connector ${id}`);
    const { definition } = connector;
    const objects: Record<string, OpenConnection['objects'][string]> = {};
    for (const [object, load] of Object.entries(definition.objects ?? {})) objects[object] = (await load()).default;
    const mappings = workspace.mappings
      .filter((one) => one.connector === id)
      .map(
        (loaded) =>
          [
            loaded.object,
            compileMapping(loaded, { customFields: workspace.customFields, events: workspace.events, calendar }),
          ] as const,
      );
    connections.set(name, {
      name,
      connector: id,
      config: settings,
      rank: order,
      webhook: definition.webhook ? (await definition.webhook()).default : null,
      actions: await openActions(connector),
      objects,
      mappings: new Map(mappings),
      memo: createMemo(),
    });
  }
  return {
    workspace,
    connections,
    rules: indexRules(workspace.rules),
    fieldRules: Object.fromEntries(entityTypes.map((entity) => [entity, fieldRulesOf(entity, workspace)])),
    calendar,
    gate: { calendar, quiet: workspace.gate.quiet, cap: workspace.gate.cap },
    expressionContext: (nowMs) => ({ nowMs, calendar }),
  };
}

function createMemo(): OpenConnection['memo'] {
  const kept = new Map<string, unknown>();
  return <T>(key: string, make: () => T): T => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as T;
  };
}

function fieldRulesOf(entity: (typeof entityTypes)[number], workspace: Workspace): FieldRules {
  const custom = (workspace.customFields as Partial<Record<string, CustomFields[keyof CustomFields]>>)[entity] ?? {};
  const policies = new Map<string, PolicyRule>();
  return {
    specOf: (field) => entities[entity][field] ?? custom[field],
    isCustom: (field) => entities[entity][field] === undefined,
    policyOf(field) {
      let policy = policies.get(field);
      if (!policy) {
        policy = workspace.policy[`${entity}.${field}`] ?? workspace.policy[`${entity}.*`] ?? DEFAULT_POLICY;
        policies.set(field, policy);
      }
      return policy;
    },
    rankOf: (connection) => workspace.connections[connection]?.order ?? Number.MAX_SAFE_INTEGER,
  };
}

/** True when every base URL of every connection is on loopback: only then may the workspace clock be set. */
export function pointsAtSandboxes(setup: Setup, connectors: ReadonlyMap<string, RegisteredConnector>): boolean {
  return [...setup.connections.values()].every((connection) => baseUrlsOf(connection, connectors).every(isLoopback));
}

/** The base URLs of a connection. */
export function baseUrlsOf(connection: OpenConnection, connectors: ReadonlyMap<string, RegisteredConnector>): string[] {
  const schema = connectors.get(connection.connector)?.definition.config;
  const config = connection.config as Record<string, unknown>;
  return schema
    ? settingsMarked(schema, 'baseUrl').flatMap((name) => (typeof config[name] === 'string' ? [config[name]] : []))
    : [];
}

export const isLoopback = (url: string) => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(url).hostname);
