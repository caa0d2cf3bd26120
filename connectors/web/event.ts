import { z } from 'zod';
import { isJsonObject, type JsonObject, type JsonValue } from '#sdk';

/** Limits of our own contract; README.md and manifest.yaml state them. */
export const MAX_EVENTS = 500;
const MAX_TEXT = 200;
const MAX_EMAIL = 254;
const MAX_PROPERTY_BYTES = 32_768;
const MAX_PROPERTY_DEPTH = 5;
const MAX_PROPERTY_KEY = 100;

const CODE = /^[a-z][a-z0-9_]{0,62}$/;
const CONSENT_CHANNELS = ['email', 'line', 'sms', 'phone', 'slack'];
const CONSENT_STATUSES = ['granted', 'withdrawn'];

const text = (max: number) => z.string().max(max).refine(isStorable);

const fields = z.strictObject({
  id: text(MAX_TEXT),
  kind: z.string().regex(CODE),
  at: z.iso.datetime({ offset: true }).refine(isPlausibleTime),
  anonymousId: text(MAX_TEXT).optional(),
  email: text(MAX_EMAIL).refine(isPlausibleEmail).optional(),
  memberNumber: text(MAX_TEXT).optional(),
  properties: z.custom<JsonObject>((value) => isJsonObject(value) && isBounded(value)).optional(),
});

export type WebEvent = z.infer<typeof fields>;

/** One event of `POST /events`. Each refusal's message, where set, is a key of the texts in problems.ts. */
export const webEvent = fields
  .refine(isIdentified, 'identify')
  .refine(isConsent, 'consent')
  .refine(hasKnownChannel, 'channel')
  .refine(hasKnownDirection, 'direction');

/** The form in which an address is compared: width folded, no outer spaces, lower case. */
export const normalisedEmail = (email: string) => email.normalize('NFKC').trim().toLowerCase();

function isIdentified({ kind, memberNumber, email, anonymousId }: WebEvent): boolean {
  return kind !== 'identify' || (memberNumber ?? email ?? anonymousId) !== undefined;
}

function isConsent({ kind, properties }: WebEvent): boolean {
  if (kind !== 'consent') return true;
  const { channel, status } = properties ?? {};
  const areTexts = [properties?.wording, properties?.url, properties?.purpose].every(isAbsentOrText);
  return CONSENT_CHANNELS.includes(String(channel)) && CONSENT_STATUSES.includes(String(status)) && areTexts;
}

function hasKnownChannel({ properties }: WebEvent): boolean {
  const channel = properties?.channel;
  return channel === undefined || (typeof channel === 'string' && CODE.test(channel));
}

function hasKnownDirection({ properties }: WebEvent): boolean {
  const direction = properties?.direction;
  return direction === undefined || direction === 'in' || direction === 'out';
}

const isAbsentOrText = (value: JsonValue | undefined) => value === undefined || typeof value === 'string';

/** PostgreSQL text holds no NUL and no half of a surrogate pair. */
function isStorable(value: string): boolean {
  return value.trim() !== '' && isStorableText(value);
}

const isStorableText = (value: string) => !value.includes('\0') && value.isWellFormed();

/** A time outside this century is a broken clock or a unit mistaken, not a fact. */
function isPlausibleTime(value: string): boolean {
  const ms = Date.parse(value);
  return ms >= Date.UTC(2000, 0) && ms < Date.UTC(2100, 0);
}

function isPlausibleEmail(value: string): boolean {
  return /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(normalisedEmail(value));
}

function isBounded(properties: JsonObject): boolean {
  // Depth first: serialising something nested without end would overflow the stack.
  return isStorableValue(properties, MAX_PROPERTY_DEPTH) && byteSize(properties) <= MAX_PROPERTY_BYTES;
}

const byteSize = (value: JsonObject) => Buffer.byteLength(JSON.stringify(value));

function isStorableValue(value: JsonValue, depthLeft: number): boolean {
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isStorableValue(item, depthLeft - 1));
  return Object.entries(value).every(([key, item]) => isPropertyKey(key) && isStorableValue(item, depthLeft - 1));
}

/** `__proto__` is refused by name: whoever copies the object later would lose it or worse. */
const isPropertyKey = (key: string) =>
  key.length > 0 && key.length <= MAX_PROPERTY_KEY && key !== '__proto__' && isStorableText(key);
