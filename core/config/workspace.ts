import type { CalendarSettings, QuietTimes } from '../model/calendar.ts';
import type { EntityType } from '../model/entities.ts';
import type { StaffMember } from '../sdk/action.ts';
import type { CustomFields, EventKinds } from './canonical-fields.ts';
import type { CompiledRule } from './compile-rule.ts';
import type { CompiledExpression, MappingScope } from './expressions.ts';
import type { MappingDefinition } from './mapping-schema.ts';
import type { Path, Problem } from './problem.ts';
import type { PolicyRule } from './workspace-schema.ts';

export type { PolicyRule } from './workspace-schema.ts';

/** One authorised account of a tool. */
export interface Connection {
  readonly name: string;
  readonly connector: string;
  /** null: nothing is read at intervals. */
  readonly pollMs: number | null;
  /** As the connector's own schema parsed them. */
  readonly settings: unknown;
  /** Place in musubi.yaml: decides between equal instants. */
  readonly order: number;
}

/** A mapping file that was read and found right; `compileMapping` makes functions of it. */
export interface LoadedMapping {
  readonly connector: string;
  readonly object: string;
  readonly entity: EntityType;
  readonly file: string;
  /** Changes with the file's content. */
  readonly version: string;
  readonly definition: MappingDefinition;
  /** The compiled `cel` of the fields that have one. */
  readonly expressions: Readonly<Record<string, CompiledExpression<MappingScope>>>;
  /** Says where something of it stands, for its tests. */
  readonly problem: (path: Path, message: string) => Problem;
}

/** A workspace that was read and found right. */
export interface Workspace {
  readonly folder: string;
  readonly name: string;
  readonly timeZone: string;
  readonly locale: 'ja' | 'en';
  readonly publicUrl: string;
  readonly connections: Readonly<Record<string, Connection>>;
  /** `person.phone`, `deal.*`, `person.consent.*` → who wins. */
  readonly policy: Readonly<Record<string, PolicyRule>>;
  readonly customFields: CustomFields;
  readonly events: EventKinds;
  readonly staff: readonly StaffMember[];
  readonly channels: Readonly<Record<string, string>>;
  readonly calendar: CalendarSettings;
  readonly gate: {
    readonly quiet: QuietTimes;
    readonly cap: { readonly count: number; readonly perMs: number } | null;
  };
  readonly segments: Readonly<Record<string, string>>;
  readonly intake: { readonly maxPending?: number | undefined; readonly maxAgeSeconds?: number | undefined };
  readonly mappings: readonly LoadedMapping[];
  readonly rules: readonly CompiledRule[];
}
