import fc from 'fast-check';
import { type ContractSample, isJsonObject, type JsonValue } from '#sdk';
import { rawOf } from './requests.ts';

export interface HostileBody {
  readonly sample: ContractSample | undefined;
  readonly raw: Buffer;
}

/** Bodies a genuine sender would not send: noise, any JSON, and samples with something wrong in them (faults.md C1 and C2). */
export function hostileBodies(samples: readonly ContractSample[]): fc.Arbitrary<HostileBody> {
  const noise = fc.uint8Array({ maxLength: 500 }).map((bytes) => ({ sample: undefined, raw: Buffer.from(bytes) }));
  const anyJson = fc.json({ maxDepth: 5 }).map((text) => ({ sample: undefined, raw: Buffer.from(text) }));
  const sample = fc.constantFrom(...samples);
  const otherBody = fc
    .tuple(sample, fc.jsonValue({ maxDepth: 4 }))
    .map(([one, body]) => ({ sample: one, raw: rawOf(one, body as JsonValue) }));
  const cut = fc.tuple(sample, fc.nat()).map(([one, at]) => {
    const raw = rawOf(one);
    return { sample: one, raw: raw.subarray(0, at % Math.max(1, raw.length)) };
  });
  const mutated = fc.tuple(sample, fc.array(damage, { minLength: 1, maxLength: 4 })).map(([one, damages]) => ({
    sample: one,
    raw: rawOf(one, damages.reduce(apply, one.body)),
  }));
  return fc.oneof(
    { weight: 1, arbitrary: noise },
    { weight: 1, arbitrary: anyJson },
    { weight: 1, arbitrary: otherBody },
    { weight: 1, arbitrary: cut },
    { weight: 6, arbitrary: mutated },
  );
}

interface Damage {
  readonly at: number;
  readonly how: 'drop' | 'replace' | 'wrap' | 'repeat' | 'as_text';
  readonly by: JsonValue;
}

const oddValues: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue>(
    null,
    '',
    0,
    -0,
    2 ** 53 + 1,
    -1,
    true,
    [],
    {},
    '0000-00-00',
    '2038-01-19T03:14:08Z',
    '令和8年9月1日',
  ),
  fc.constantFrom<JsonValue>('\0', '\ud83e', '__proto__', 'x'.repeat(5000), { constructor: { prototype: 1 } }, [
    [[[[[]]]]],
  ]),
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as JsonValue),
);

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('drop', 'replace', 'wrap', 'repeat', 'as_text'),
  by: oddValues,
});

/** Damages one place of the body: the n-th of all its values, counted in reading order. */
function apply(body: JsonValue, { at, how, by }: Damage): JsonValue {
  let index = at % countOf(body);
  const visit = (value: JsonValue): JsonValue | undefined => {
    if (index-- === 0) return damaged(value, how, by);
    if (Array.isArray(value)) return value.map(visit).filter((item) => item !== undefined);
    if (!isJsonObject(value)) return value;
    const entries = Object.entries(value).map(([key, item]) => [key, visit(item)] as const);
    return Object.fromEntries(entries.filter((entry) => entry[1] !== undefined)) as JsonValue;
  };
  return visit(body) ?? null;
}

function damaged(value: JsonValue, how: Damage['how'], by: JsonValue): JsonValue | undefined {
  if (how === 'drop') return undefined;
  if (how === 'wrap') return [{ value }];
  if (how === 'repeat') return [value, value];
  return how === 'as_text' ? JSON.stringify(value) : by;
}

function countOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, item) => sum + countOf(item as JsonValue), 1);
}
