import { asciiDomain, normaliseEmail, partsOf } from './email.ts';
import { clean, textOf, unifyHyphens } from './text.ts';

/**
 * An absolute http(s) address as browsers write it; `https://` is added when there is no scheme. Undefined when it is none.
 * Idempotent; never throws.
 */
export function normaliseUrl(raw: unknown): string | undefined {
  const text = textOf(raw);
  if (text === undefined) return undefined;
  const trimmed = clean(text).replace(/\s+/gu, '');
  const url = URL.parse(
    /^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !/^[^/]+:\d/.test(trimmed) ? trimmed : `https://${trimmed}`,
  );
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  return asciiDomain(url.hostname) || /^(?:localhost|[\d.]+|\[.*\])$/.test(url.hostname) ? url.href : undefined;
}

/**
 * The domain of a company from a domain, a URL or an e-mail address: lower-case ASCII without `www.`. Undefined when there is none.
 * Idempotent.
 */
export function normaliseDomain(raw: unknown): string | undefined {
  const email = normaliseEmail(raw);
  if (email !== undefined) return partsOf(email)[1].replace(/^(?:www\.)+(?=.*\.)/, '');
  const text = textOf(raw);
  const url = normaliseUrl(text === undefined ? undefined : unifyHyphens(clean(text).normalize('NFKC')));
  return url && asciiDomain(new URL(url).hostname.replace(/^(?:www\.)+(?=.*\.)/, ''));
}
