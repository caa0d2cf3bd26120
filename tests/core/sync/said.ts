import type { PolicyRule } from '../../../core/config/workspace.ts';
import { entities } from '../../../core/model/entities.ts';
import type { FieldSpec } from '../../../core/model/field-spec.ts';
import type { JsonValue } from '../../../core/sdk/json.ts';
import type { EntityRow } from '../../../core/store/entities.ts';
import { type ApplySource, applyFields, type FieldRules } from '../../../core/sync/apply-fields.ts';

export const blank: EntityRow = {
  type: 'person',
  id: '019a0000-0000-7000-8000-000000000001',
  version: 1,
  createdAtMs: 0,
  updatedAtMs: 0,
  fields: {},
  custom: {},
  fieldMeta: {},
  mergedInto: null,
  deletedAtMs: null,
};

const ranks: Readonly<Record<string, number>> = { salesforce: 0, hubspot: 1, site: 2 };

export type Policy = Partial<PolicyRule> & Pick<PolicyRule, 'rule'>;

export const rulesOf = (policy: Policy): FieldRules => ({
  specOf: (field) => entities.person[field] ?? (field === 'plan' ? { ...spec('jobTitle') } : undefined),
  isCustom: (field) => field === 'plan',
  policyOf: () => ({ onBlank: 'keep', ...policy }),
  rankOf: (connection) => ranks[connection] ?? 99,
});

export const spec = (field: string): FieldSpec => entities.person[field] as FieldSpec;

export const from = (connection: string, sourceAtMs: number): ApplySource => ({
  connection,
  rank: ranks[connection] ?? 99,
  sourceAtMs,
  nowMs: 1_000,
  mappingVersion: 'v1',
});

export type Said = readonly [connection: string, atMs: number, values: Record<string, JsonValue>];

/** What a person is after the tools said these things in this order. */
export function after(policy: Policy, said: readonly Said[]): EntityRow {
  const rules = rulesOf(policy);
  return said.reduce(
    (row, [connection, atMs, values]) => applyFields(row, values, from(connection, atMs), rules).row,
    blank,
  );
}
