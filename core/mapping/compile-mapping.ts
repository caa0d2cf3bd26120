import { type CustomFields, type EventKinds, kindsOf, mappableFields } from '../config/canonical-fields.ts';
import type { MappingDefinition } from '../config/mapping-schema.ts';
import { readPath } from '../config/record-path.ts';
import type { LoadedMapping } from '../config/workspace.ts';
import type { Calendar } from '../model/calendar.ts';
import type { EntityType, FieldSpec, FieldSpecs } from '../model/entities.ts';
import { normaliseLine } from '../model/normalise/text.ts';
import { normaliseValue } from '../model/normalise/value.ts';
import type { JsonObject, JsonValue } from '../sdk/json.ts';
import {
  compileField,
  type FieldProblem,
  type FieldReader,
  outward,
  type RecordContext,
  reverseValues,
} from './map-field.ts';
import { type Getter, idOf, listOf, readAt, writeAt } from './read-value.ts';

export type { FieldProblem, RecordContext } from './map-field.ts';

/** An account of a person in a channel, as a record shows it. */
export interface MappedAddress {
  readonly channel: string;
  readonly scope: string;
  readonly id: string;
  readonly displayName?: string | undefined;
  readonly pictureUrl?: string | undefined;
  readonly state?: string | undefined;
}

/** Whose a record is: the link (connection, object, id) of a person, or a key the person is known by. */
export type PersonReference =
  | { readonly kind: 'link'; readonly object: string; readonly id: string }
  | { readonly kind: 'key'; readonly key: 'email' | 'phone' | 'memberNumber'; readonly value: string };

/** What a tool's record says in canonical words. */
export interface MappedRecord {
  /** Absent = untouched, null = blank. */
  readonly fields: Readonly<Record<string, JsonValue>>;
  readonly problems: readonly FieldProblem[];
  readonly address?: MappedAddress | undefined;
  /** In the order they are to be tried. */
  readonly person: readonly PersonReference[];
  readonly links: Readonly<Record<string, { readonly object: string; readonly id: string }>>;
}

export interface CompiledMapping {
  readonly connector: string;
  readonly object: string;
  readonly entity: EntityType;
  readonly version: string;
  readonly identify: readonly string[];
  readonly create: 'never' | 'when_matched_nowhere';
  /** Canonical fields that `toFields` can write. */
  readonly writes: readonly string[];
  /** Pure; never throws, whatever the data. */
  readonly toEntity: (data: JsonObject, context: RecordContext) => MappedRecord;
  /** The tool's side of canonical values, nested as its records are. Absent stays absent, null stays null. */
  readonly toFields: (fields: JsonObject) => JsonObject;
}

export interface MappingOptions {
  readonly customFields: CustomFields;
  readonly events?: EventKinds;
  readonly calendar: Calendar;
}

/** Makes two functions of a mapping. All paths and conversions are settled here, because the functions run for every event. */
export function compileMapping(loaded: LoadedMapping, options: MappingOptions): CompiledMapping {
  const { connector, object, entity, version, definition } = loaded;
  const specs = mappableFields(entity, options.customFields);
  const readers = compileReaders(loaded, specs, options);
  const readAddress = compileAddress(definition);
  const readPerson = compilePerson(definition, mappableFields('person', options.customFields));
  const readLinks = compileLinks(definition);
  const writers = compileWriters(definition, specs);
  return {
    connector,
    object,
    entity,
    version,
    identify: definition.identify,
    create: definition.create,
    writes: writers.map(({ name }) => name),
    toEntity: (data, context) => {
      const fields: Record<string, JsonValue> = {};
      const problems: FieldProblem[] = [];
      for (const [name, read] of readers) {
        const { value, problem } = read(data, context);
        if (problem) problems.push(problem);
        else if (value !== undefined) fields[name] = value;
      }
      return {
        fields,
        problems,
        address: readAddress(data),
        person: readPerson(data, context),
        links: readLinks(data),
      };
    },
    toFields: (fields) => {
      const record: Record<string, JsonValue> = {};
      for (const { name, write } of writers) {
        if (Object.hasOwn(fields, name)) write(record, fields[name] ?? null);
      }
      return record;
    },
  };
}

function compileReaders(
  { entity, definition, expressions }: LoadedMapping,
  specs: FieldSpecs,
  { calendar, events = {} }: MappingOptions,
) {
  return Object.entries(definition.fields).flatMap(([name, field]): [string, FieldReader][] => {
    const own = specs[name];
    if (!own) return [];
    const spec: FieldSpec = entity === 'activity' && name === 'kind' ? { ...own, values: kindsOf(events) } : own;
    const reader = compileField({ name, field, spec, expression: expressions[name], calendar });
    return reader ? [[name, reader]] : [];
  });
}

const getter = (written: string): Getter => {
  const path = readPath(written) ?? [];
  return (data) => readAt(data, path);
};

function compileAddress({ address }: MappingDefinition): (data: JsonObject) => MappedAddress | undefined {
  if (!address) return () => undefined;
  const { channel } = address;
  const [scope, id] = [getter(address.scope), getter(address.id)];
  const optional = (['displayName', 'pictureUrl', 'state'] as const).flatMap((name) => {
    const written = address[name];
    return written === undefined ? [] : [[name, getter(written)] as const];
  });
  return (data) => {
    const [scopeValue, idValue] = [idOf(scope(data)), idOf(id(data))];
    if (scopeValue === undefined || idValue === undefined) return undefined;
    const details = optional.map(([name, get]) => [name, normaliseLine(get(data))] as const);
    return {
      channel,
      scope: scopeValue,
      id: idValue,
      ...Object.fromEntries(details.filter(([, value]) => value !== undefined)),
    };
  };
}

function compilePerson({ person }: MappingDefinition, specs: FieldSpecs) {
  const readers = person.map(({ object, key, at }) => {
    const get = getter(at);
    return (data: JsonObject, { timeZone }: RecordContext): PersonReference[] =>
      listOf(get(data)).flatMap((raw): PersonReference[] => {
        if (key === undefined) {
          const id = idOf(raw);
          return id === undefined || object === undefined ? [] : [{ kind: 'link', object, id }];
        }
        const spec = specs[key];
        const value = spec && normaliseValue(raw, spec, { timeZone });
        return typeof value === 'string' ? [{ kind: 'key', key, value }] : [];
      });
  });
  return (data: JsonObject, context: RecordContext): PersonReference[] =>
    readers.flatMap((read) => read(data, context));
}

function compileLinks({ links }: MappingDefinition) {
  const readers = Object.entries(links).map(([name, { object, at }]) => ({ name, object, get: getter(at) }));
  return (data: JsonObject): MappedRecord['links'] =>
    Object.fromEntries(
      readers.flatMap(({ name, object, get }) => {
        const id = idOf(listOf(get(data))[0]);
        return id === undefined ? [] : [[name, { object, id }]];
      }),
    );
}

interface Writer {
  readonly name: string;
  readonly write: (record: Record<string, JsonValue>, value: JsonValue) => void;
}

function compileWriters({ fields }: MappingDefinition, specs: FieldSpecs): Writer[] {
  return Object.entries(fields).flatMap(([name, field]): Writer[] => {
    const path = field.to ?? (field.write ? field.at : undefined);
    const steps = path === undefined ? undefined : readPath(path);
    const type = specs[name]?.type;
    if (!steps || !type) return [];
    const toRaw = reverseValues(field);
    const write: Writer['write'] = (record, value) => {
      const raw = toRaw(outward(value, type));
      if (raw !== undefined) writeAt(record, steps, raw);
    };
    return [{ name, write }];
  });
}
