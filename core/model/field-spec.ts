/** The canonical objects of the hub; their fields stand in `entities.ts`. */
export const entityTypes = [
  'person',
  'company',
  'deal',
  'activity',
  'consent',
  'purchase',
  'ticket',
  'survey',
  'membership',
  'user',
  'product',
  'campaign',
] as const;

export type EntityType = (typeof entityTypes)[number];

/**
 * How a canonical value is held:
 * - `string` one line, `text` many lines, `json` any JSON value
 * - `email` lower-case address, `phone` E.164 (`+81312345678`), `url` absolute
 * - `int` a safe integer, `decimal` a plain decimal string (`"-12.5"`), `money` `{ amount: decimal, currency: ISO 4217 }`
 * - `date` `YYYY-MM-DD` without a zone, `datetime` epoch milliseconds
 * - `enum` a code, `enumSet` a sorted list of distinct codes; without `values` any code is allowed
 * - `ref` the id of another entity; a ref to `user` is held as the owner's normalised e-mail
 */
export type FieldType =
  | 'string'
  | 'text'
  | 'email'
  | 'phone'
  | 'url'
  | 'int'
  | 'decimal'
  | 'money'
  | 'bool'
  | 'date'
  | 'datetime'
  | 'enum'
  | 'enumSet'
  | 'ref'
  | 'json';

/** What a `string` field means, where that decides how it is normalised and compared. */
export type FieldFormat =
  | 'person_name'
  | 'kana'
  | 'company_name'
  | 'corporate_number'
  | 'domain'
  | 'postal_code'
  | 'prefecture'
  | 'country'
  | 'address'
  | 'code';

/** A text in the two languages everything people read exists in. */
export interface Label {
  readonly ja: string;
  readonly en: string;
}

/** A code stored in data, with what people read for it. */
export interface CodeSpec {
  readonly code: string;
  readonly label: Label;
}

/** One canonical field. */
export interface FieldSpec {
  readonly type: FieldType;
  /** Allowed codes of an `enum` or `enumSet`; undefined: any snake_case code. */
  readonly values?: readonly string[];
  /** The entity a `ref` points at. */
  readonly ref?: EntityType;
  /** Only for `string`; undefined: free text on one line. */
  readonly format?: FieldFormat;
  readonly label: Label;
}

export type FieldSpecs = Readonly<Record<string, FieldSpec>>;

/** Builds a field; keeps the tables of `entities/` readable. */
export const field = (
  type: FieldType,
  ja: string,
  en: string,
  more: Pick<FieldSpec, 'values' | 'ref' | 'format'> = {},
): FieldSpec => ({ type, ...more, label: { ja, en } });

/** A field that points at another entity. */
export const refTo = (ref: EntityType, ja: string, en: string): FieldSpec => field('ref', ja, en, { ref });

/** A field that holds one of the given codes. */
export const oneOf = (specs: readonly CodeSpec[], ja: string, en: string): FieldSpec =>
  field('enum', ja, en, { values: specs.map(({ code }) => code) });

/** Builds a list of codes from `[code, ja, en]` rows. */
export const codes = <const C extends string>(
  ...rows: readonly (readonly [C, string, string])[]
): readonly { readonly code: C; readonly label: Label }[] =>
  rows.map(([code, ja, en]) => ({ code, label: { ja, en } }));
