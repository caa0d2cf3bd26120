import type { FieldSpecs } from '../model/entities.ts';
import { isJsonObject, type JsonObject } from '../sdk/json.ts';
import {
  activityFields,
  type CustomFields,
  type EventKinds,
  recordFields,
  withLiftedNames,
} from './canonical-fields.ts';

/** The names a template may use below each variable; `null`: anything. */
export type TemplateVariables = Readonly<Record<string, readonly string[] | null>>;

/**
 * What the texts of a rule may speak of; what is not there is null. owner and manager: staff of the deal or the person; staff_by:
 * who pressed the button (steps of `on:`); signs: what counted, { kind, occurredAt, text }; history: latest messages,
 * { at, from: 'customer' | 'us', text }; runs: rule name → this subject's run of it that has not ended.
 */
export type TemplateScope = JsonObject;

const STAFF = ['name', 'email', 'slack', 'manager', 'active'];

export interface TemplateFields {
  readonly records: Readonly<Record<string, FieldSpecs>>;
  readonly variables: TemplateVariables;
}

/** What templates of a workspace may use, for the check at load. */
export function templateFields(
  options: { readonly customFields: CustomFields; readonly events: EventKinds },
  per: 'person' | 'deal',
): TemplateFields {
  const records: Record<string, FieldSpecs> = {
    activity: activityFields(options.customFields, options.events),
    person: recordFields('person', options.customFields),
    ...(per === 'deal' && { deal: recordFields('deal', options.customFields) }),
  };
  const ofRecords = Object.entries(records).map(([name, fields]) => [name, Object.keys(fields)] as const);
  return {
    records,
    variables: {
      ...Object.fromEntries(ofRecords),
      owner: STAFF,
      manager: STAFF,
      staff_by: STAFF,
      signs: null,
      history: null,
      run: ['id'],
      runs: null,
      points: null,
      workspace: ['name', 'publicUrl', 'timeZone', 'locale'],
    },
  };
}

/** The scope as the engine gets it. */
export function scopeData(scope: TemplateScope): JsonObject {
  const { activity = null } = scope;
  return isJsonObject(activity) ? { ...scope, activity: withLiftedNames(activity) } : scope;
}
