import type { JsonValue } from '../../sdk/json.ts';
import type { FieldFormat, FieldSpec, FieldType } from '../field-spec.ts';
import { normaliseAddress } from './address.ts';
import { normaliseBool } from './bool.ts';
import { normaliseEnum, normaliseEnumSet } from './code.ts';
import { normaliseCompanyName } from './company.ts';
import type { NormaliseContext } from './context.ts';
import { normaliseCorporateNumber } from './corporate-number.ts';
import { normaliseCountry } from './country.ts';
import { normaliseDate, normaliseDateTime } from './date.ts';
import { normaliseEmail } from './email.ts';
import { normaliseJson } from './json.ts';
import { normaliseKana } from './kana.ts';
import { normaliseName } from './name.ts';
import { normaliseDecimal, normaliseInt, normaliseMoney } from './number.ts';
import { normalisePhone } from './phone.ts';
import { normalisePostalCode } from './postal-code.ts';
import { normalisePrefecture } from './prefecture.ts';
import { normaliseCode, normaliseLine, normaliseText } from './text.ts';
import { normaliseDomain, normaliseUrl } from './url.ts';

type Normaliser = (raw: unknown, spec: FieldSpec, context: NormaliseContext) => unknown;

/**
 * The canonical value of a field from whatever a tool sent. Undefined when the raw value is blank or cannot be read; it says nothing
 * about which of the two (`isBlank` does). Idempotent; never throws.
 */
export function normaliseValue(raw: unknown, spec: FieldSpec, context: NormaliseContext = {}): JsonValue | undefined {
  if (raw === null || raw === undefined) return undefined;
  return BY_TYPE[spec.type](raw, spec, context) as JsonValue | undefined;
}

/** True for what a tool sends when there is nothing: null, undefined, blanks, an empty list or object. */
export function isBlank(raw: unknown): boolean {
  if (raw === null || raw === undefined) return true;
  if (typeof raw === 'string') return normaliseLine(raw) === undefined;
  return typeof raw === 'object' && !(raw instanceof Date) && Object.keys(raw).length === 0;
}

const BY_FORMAT: Readonly<Record<FieldFormat, (raw: unknown) => string | undefined>> = {
  person_name: normaliseName,
  kana: normaliseKana,
  company_name: normaliseCompanyName,
  corporate_number: normaliseCorporateNumber,
  domain: normaliseDomain,
  postal_code: normalisePostalCode,
  prefecture: normalisePrefecture,
  country: normaliseCountry,
  address: normaliseAddress,
  code: normaliseCode,
};

const BY_TYPE: Readonly<Record<FieldType, Normaliser>> = {
  string: (raw, { format }) => (format ? BY_FORMAT[format](raw) : normaliseLine(raw)),
  text: normaliseText,
  email: normaliseEmail,
  phone: (raw, _, { country }) => normalisePhone(raw, country),
  url: normaliseUrl,
  int: normaliseInt,
  decimal: normaliseDecimal,
  money: (raw, _, { currency }) => normaliseMoney(raw, currency),
  bool: normaliseBool,
  date: (raw, _, context) => normaliseDate(raw, context),
  datetime: (raw, _, context) => normaliseDateTime(raw, context),
  enum: (raw, { values }) => normaliseEnum(raw, values),
  enumSet: (raw, { values }) => normaliseEnumSet(raw, values),
  ref: (raw, { ref }) => (ref === 'user' ? normaliseEmail(raw) : normaliseCode(raw)),
  json: (raw) => normaliseJson(raw),
};
