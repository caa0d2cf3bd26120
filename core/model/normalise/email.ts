import { domainToASCII } from 'node:url';
import { clean, fold, textOf } from './text.ts';

/** RFC 5321 §4.5.3.1: 64 octets before the @, 254 in all. https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1 */
const MAX_LOCAL = 64;
const MAX_ADDRESS = 254;

/** Addresses of old Japanese mobile carriers have `..` or a dot before the @, against RFC 5321; they are real, so dots are free. */
const LOCAL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]+$/u;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]*[a-z0-9]$/;

/**
 * An e-mail address in the one form we hold: NFKC, lower-case, trimmed, without `mailto:` or a display name, domain in ASCII
 * (punycode). Undefined when it is no address. Idempotent; never throws. A letter outside ASCII before the @ is kept.
 *
 * `normaliseEmail(' Taro＠Example.CO.JP ')` → `'taro@example.co.jp'`
 */
export function normaliseEmail(raw: unknown): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  const folded = fold(fold(clean(text)).toLowerCase())
    .trim()
    .replace(/^mailto:/, '');
  const address = /<([^<>]*)>$/.exec(folded)?.[1]?.trim() ?? folded;
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0));
  const domain = asciiDomain(address.slice(at + 1));
  if (domain === undefined || local.length > MAX_LOCAL || !LOCAL.test(local)) return undefined;
  const email = `${local}@${domain}`;
  return email.length <= MAX_ADDRESS ? email : undefined;
}

/**
 * The form two spellings of one mailbox share: without `+tag`, and for Gmail without dots. Only for matching, never for sending.
 * Undefined when it is no address. Idempotent.
 */
export function matchingEmail(raw: unknown): string | undefined {
  const email = normaliseEmail(raw);
  if (email === undefined) return undefined;
  const [local, domain] = partsOf(email);
  const base = local.replace(/(?<=.)\+.*$/, '');
  // https://support.google.com/mail/answer/7436150 — dots do not matter in Gmail addresses; googlemail.com is the same place.
  if (domain === 'gmail.com' || domain === 'googlemail.com') return `${base.replaceAll('.', '') || base}@gmail.com`;
  return `${base}@${domain}`;
}

/** `[before the @, domain]` of a normalised address. */
export function partsOf(email: string): readonly [string, string] {
  const at = email.lastIndexOf('@');
  return [email.slice(0, Math.max(at, 0)), email.slice(at + 1)];
}

/** The domain in lower-case ASCII; undefined when it is no domain with a top level. */
export function asciiDomain(domain: string): string | undefined {
  const dotted = domain.replaceAll('。', '.').replace(/\.$/, '');
  // An IPv4 address or a bare host name is no domain; domainToASCII would turn `1.2` into `1.0.0.2`.
  if (!/\.[^.]*[^\d.][^.]*$/u.test(dotted)) return undefined;
  const ascii = domainToASCII(dotted);
  return DOMAIN.test(ascii) && ascii.length <= 253 ? ascii : undefined;
}
