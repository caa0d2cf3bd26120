import { z } from 'zod';
import { mappingSchema } from './mapping-schema.ts';
import { ruleSchema } from './rule-schema.ts';
import { workspaceSchema } from './workspace-schema.ts';

const SCHEMAS = { workspace: workspaceSchema, mapping: mappingSchema, rule: ruleSchema } as const;

export type ConfigKind = keyof typeof SCHEMAS;

/** The JSON Schema of what operators write, for editors. What needs other files (names, expressions) is checked at load only. */
export function configJsonSchema(kind: ConfigKind): Record<string, unknown> {
  return z.toJSONSchema(SCHEMAS[kind], { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as Record<
    string,
    unknown
  >;
}
