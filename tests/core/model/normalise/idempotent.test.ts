import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldFormat, FieldType } from '../../../../core/model/field-spec.ts';
import { field } from '../../../../core/model/field-spec.ts';
import { keyOfAddress } from '../../../../core/model/normalise/address.ts';
import { keyOfCompany, splitCompanyName } from '../../../../core/model/normalise/company.ts';
import { matchingEmail } from '../../../../core/model/normalise/email.ts';
import { toKatakana } from '../../../../core/model/normalise/kana.ts';
import { kanjiToDigits } from '../../../../core/model/normalise/kanji-number.ts';
import { foldKanjiVariants } from '../../../../core/model/normalise/kanji-variants.ts';
import { readLostReason } from '../../../../core/model/normalise/lost-reason.ts';
import { keyOfName, splitFullName } from '../../../../core/model/normalise/name.ts';
import { clean, fold, foldForComparing, unifyHyphens, widenKana } from '../../../../core/model/normalise/text.ts';
import { isBlank, normaliseValue } from '../../../../core/model/normalise/value.ts';
import { valueSchema } from '../../../../core/model/value.ts';
import { anyRaw, japaneseText } from '../arbitraries.ts';

const types: readonly FieldType[] = [
  'string',
  'text',
  'email',
  'phone',
  'url',
  'int',
  'decimal',
  'money',
  'bool',
  'date',
  'datetime',
  'enum',
  'enumSet',
  'ref',
  'json',
];
const formats: readonly FieldFormat[] = [
  'person_name',
  'kana',
  'company_name',
  'corporate_number',
  'domain',
  'postal_code',
  'prefecture',
  'country',
  'address',
  'code',
];
const specs = [
  ...types.map((type) => ({ name: type as string, spec: field(type, type, type) })),
  ...formats.map((format) => ({ name: format as string, spec: field('string', format, format, { format }) })),
  { name: 'ref to user', spec: field('ref', 'r', 'r', { ref: 'user' }) },
  { name: 'enum with values', spec: field('enum', 'e', 'e', { values: ['new', 'Closed Won', '受注'] }) },
  { name: 'enumSet with values', spec: field('enumSet', 'e', 'e', { values: ['new', 'Closed Won', '受注'] }) },
];

describe.each(specs)('the normaliser of $name', ({ spec }) => {
  it('never throws, is idempotent and gives what the schema of the type takes', () => {
    fc.assert(
      fc.property(anyRaw, (raw) => {
        const once = normaliseValue(raw, spec);
        if (once === undefined) return;
        expect(normaliseValue(once, spec)).toStrictEqual(once);
        expect(valueSchema(spec).safeParse(once)).toMatchObject({ success: true });
      }),
      { numRuns: 800 },
    );
  });
});

describe.each([
  ['clean', clean],
  ['fold', fold],
  ['foldForComparing', foldForComparing],
  ['unifyHyphens', unifyHyphens],
  ['widenKana', widenKana],
  ['toKatakana', toKatakana],
  ['foldKanjiVariants', foldKanjiVariants],
  ['kanjiToDigits', kanjiToDigits],
  ['keyOfName', keyOfName],
  ['keyOfCompany', keyOfCompany],
  ['keyOfAddress', keyOfAddress],
  ['matchingEmail', matchingEmail],
])('%s', (_, normalise) => {
  it('is idempotent', () => {
    fc.assert(
      fc.property(japaneseText, (text) => {
        const once = normalise(text);
        if (once !== undefined) expect(normalise(once)).toBe(once);
      }),
      { numRuns: 1500 },
    );
  });
});

it('every character of the first planes comes through alone and after a kana, a letter and a digit', () => {
  for (let code = 0; code < 0x30000; code++) {
    const character = String.fromCodePoint(code);
    for (const text of [character, `が${character}`, `A${character}Z`, `1${character}2`]) {
      for (const normalise of [clean, fold, foldForComparing, widenKana]) {
        const once = normalise(text);
        if (normalise(once) !== once) expect.fail(`${normalise.name} of U+${code.toString(16)} changes twice`);
      }
    }
  }
});

it('what has no value is never an error', () => {
  fc.assert(
    fc.property(anyRaw, (raw) => {
      expect(typeof isBlank(raw)).toBe('boolean');
      splitFullName(raw);
      splitCompanyName(raw);
      readLostReason(raw);
      keyOfName(raw);
      keyOfCompany(raw);
    }),
    { numRuns: 2000 },
  );
});

it.each(['様', '株式会社', '・', '々', ' ', '1-', '<', 'ﾞ'])('a text of 200,000 times %s is answered', (unit) => {
  const text = `a${unit.repeat(200_000)}x`;
  for (const key of [keyOfName(text), keyOfCompany(text), keyOfAddress(text)])
    expect((key ?? '').length).toBeLessThan(400);
  for (const { spec } of specs) expect(() => normaliseValue(text, spec)).not.toThrow();
});
