import type { z } from 'zod';
import { isJsonObject, type JsonValue } from '../sdk/json.ts';

type Draft = Record<string, unknown>;

/**
 * What of a musubi.yaml with problems can still be worked with, so that the files beside it are checked in the same run:
 * what is wrong is left out or stands in for by something harmless of the same name, so that nothing refers to a gap.
 */
export function salvage(value: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  if (!isJsonObject(value as JsonValue)) return { workspace: { name: 'workspace' }, connections: {} };
  const draft = structuredClone(value) as Draft;
  for (const issue of issues) mend(draft, issue);
  return { workspace: { name: 'workspace' }, connections: {}, ...draft };
}

function mend(draft: Draft, issue: z.core.$ZodIssue): void {
  const [top, name, field] = issue.path.map(String);
  if (top === undefined) {
    for (const key of issue.code === 'unrecognized_keys' ? issue.keys : []) delete draft[key];
    return;
  }
  const section = draft[top];
  if (name === undefined || !isRecord(section)) delete draft[top];
  else if (top === 'connections') mendConnection(section, name, field);
  else if (top === 'channels') section[name] = 'C0000000000';
  else if (top === 'events') section[name] = { properties: {} };
  else if (top === 'customFields' && field !== undefined && isRecord(section[name]))
    section[name][field] = { type: 'json' };
  else delete draft[top];
}

function mendConnection(connections: Draft, name: string, field: string | undefined): void {
  const connection = connections[name];
  if (isRecord(connection) && field === 'poll') delete connection.poll;
  else delete connections[name];
}

const isRecord = (value: unknown): value is Draft =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
