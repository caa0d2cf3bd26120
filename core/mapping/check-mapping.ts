import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../config/problem.ts';
import type { LoadedMapping } from '../config/workspace.ts';
import { normaliseDateTime } from '../model/normalise/date.ts';
import type { JsonObject, JsonValue } from '../sdk/json.ts';
import type { CompiledMapping, MappedRecord } from './compile-mapping.ts';

/** A mapping's own test that does not hold. */
export interface MappingFailure extends Problem {
  readonly field: string;
  readonly expected: JsonValue | undefined;
  readonly got: JsonValue | undefined;
}

/** The instant at which the records of tests were modified. */
const TEST_MODIFIED_AT_MS = Date.parse('2026-09-01T00:00:00Z');

/** Words of `expect` that are not fields; compared only when they are written. */
const PARTS = ['address', 'person', 'links', 'problems'] as const;

/**
 * Runs a mapping's own tests. The fields are compared exactly: one more or one less is a failure. A time may be expected as
 * epoch ms or written out; `problems` lists the names of held fields.
 */
export function checkMapping(
  loaded: LoadedMapping,
  compiled: CompiledMapping,
  { timeZone = 'Asia/Tokyo' }: { readonly timeZone?: string } = {},
): readonly MappingFailure[] {
  return loaded.definition.tests.flatMap(({ id, given, expect }, index) => {
    const data = given as JsonObject;
    const remoteId = id ?? (typeof data.id === 'string' ? data.id : '1');
    const mapped = compiled.toEntity(data, {
      connection: 'test',
      remoteId,
      modifiedAtMs: TEST_MODIFIED_AT_MS,
      timeZone,
    });
    return differences(mapped, expect as JsonObject, timeZone).map(({ field, expected, got }) => {
      const message = `expected ${shown(expected)}, got ${shown(got)}${reasonOf(mapped, field)}`;
      const path = ['tests', index, 'expect', ...(expected === undefined ? [] : [field])];
      return { ...loaded.problem(path, `${field}: ${message}`), field, expected, got };
    });
  });
}

type Difference = Pick<MappingFailure, 'field' | 'expected' | 'got'>;

function differences(mapped: MappedRecord, expect: JsonObject, timeZone: string): Difference[] {
  const isPart = (name: string): boolean => (PARTS as readonly string[]).includes(name);
  const names = [...new Set([...Object.keys(expect), ...Object.keys(mapped.fields)])].filter((name) => !isPart(name));
  const fields = names.map((field) => ({ field, expected: expect[field], got: mapped.fields[field] }));
  const parts = PARTS.filter((name) => Object.hasOwn(expect, name)).map((field) => ({
    field,
    expected: expect[field],
    got: partOf(mapped, field),
  }));
  return [...fields, ...parts].filter(({ expected, got }) => !isSame(expected, got, timeZone));
}

function partOf(mapped: MappedRecord, name: (typeof PARTS)[number]): JsonValue {
  if (name === 'problems') return mapped.problems.map(({ field }) => field);
  return (mapped[name] ?? null) as JsonValue;
}

function isSame(expected: JsonValue | undefined, got: JsonValue | undefined, timeZone: string): boolean {
  const isWrittenTime = typeof expected === 'string' && typeof got === 'number';
  return isDeepStrictEqual(isWrittenTime ? normaliseDateTime(expected, { timeZone }) : expected, got);
}

const shown = (value: JsonValue | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));

function reasonOf({ problems }: MappedRecord, field: string): string {
  const problem = problems.find((each) => each.field === field);
  return problem ? ` (${problem.message}: ${JSON.stringify(problem.raw)})` : '';
}
