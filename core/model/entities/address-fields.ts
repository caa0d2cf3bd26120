import { type FieldSpecs, field } from '../field-spec.ts';

/** Postal address of a person or company. `prefecture` is the Japanese name (東京都); a foreign state is kept as written. */
export const addressFields = {
  postalCode: field('string', '郵便番号', 'Postal code', { format: 'postal_code' }),
  prefecture: field('string', '都道府県', 'Prefecture', { format: 'prefecture' }),
  city: field('string', '市区町村', 'City', { format: 'address' }),
  street: field('string', '番地・建物名', 'Street', { format: 'address' }),
  country: field('string', '国', 'Country', { format: 'country' }),
} as const satisfies FieldSpecs;
