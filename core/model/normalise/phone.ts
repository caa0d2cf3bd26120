import {
  type CountryCode,
  isSupportedCountry,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import { clean, fold, textOf, unifyHyphens } from './text.ts';

/** 内線 and its English forms, with everything after them. */
const EXTENSION = /[\s,;(/]*(?:内線|ext(?:ension|n)?\.?|(?<=\d\s*)[x#])\s*[:：.]?\s*\d.*$/iu;

/** Labels people write before a number and notes after it, e.g. `TEL:`, `（代表）`. */
const NOTES =
  /(?:tel|phone|fax|電話(?:番号)?|携帯|自宅|会社|直通|代表|代)\s*[:：.]?|\((?:代表?|直通|携帯|自宅|会社)?\)/giu;

/**
 * A phone number in E.164 (`+81312345678`); a number without a country is read as one of `country` (default JP). 内線 and notes
 * are dropped; of several numbers the first counts. Undefined when it cannot be a number. Idempotent; never throws.
 *
 * Accepted is what the numbering plan knows and what has the length of a Japanese number: plans grow (060 was opened in 2024)
 * and a customer's number must not be lost for that.
 */
export function normalisePhone(raw: unknown, country = 'JP'): string | undefined {
  const number = parse(raw, country);
  return number && (number.isValid() || hasJapaneseLength(number)) ? number.number : undefined;
}

/** True when the numbering plan knows the number: 03-0000-0000 and other placeholders are not evidence of who somebody is. */
export function isPlannedPhone(raw: unknown, country = 'JP'): boolean {
  const number = parse(raw, country);
  return number?.isValid() === true && !/^(\d)\1+$/.test(number.nationalNumber.slice(-8));
}

/** How people of the number's country write it: `03-1234-5678` for Japan, international elsewhere; undefined when it is none. */
export function displayPhone(raw: unknown, country = 'JP'): string | undefined {
  const number = parse(raw, country);
  return number?.countryCallingCode === '81' ? number.formatNational() : number?.formatInternational();
}

function parse(raw: unknown, country: string): PhoneNumber | undefined {
  const text = textOf(raw);
  if (text === undefined || text.length > 200 || !isSupportedCountry(country)) return undefined;
  const folded = unifyHyphens(fold(clean(text)))
    .replace(/[ー~〜]/g, '-')
    .replace(EXTENSION, '')
    .replace(NOTES, ' ');
  const first = folded.split(/[/、,;\n]/).find((part) => /\d/.test(part));
  return first === undefined ? undefined : parseOne(first.trim(), country);
}

const parseOne = (text: string, country: CountryCode): PhoneNumber | undefined =>
  // 00 is how most of the world dials out; the library only knows the 010 of Japan.
  parsePhoneNumberFromString(text.replace(/^00(?=81)/, '+'), country);

/** 9 digits after the 0 for places, 10 for mobile and IP phones. https://www.soumu.go.jp/main_sosiki/joho_tsusin/top/tel_number/ */
const hasJapaneseLength = (number: PhoneNumber): boolean =>
  number.countryCallingCode === '81' && /^(?:(?![5-9]0)[1-9]\d{8}|[5-9]0\d{8})$/.test(number.nationalNumber);
