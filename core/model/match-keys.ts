import { isJsonObject, type JsonObject } from '../sdk/json.ts';
import { matchingEmail } from './normalise/email.ts';
import { isRoleAddress } from './normalise/mailbox.ts';
import { isPlannedPhone, normalisePhone } from './normalise/phone.ts';
import { normaliseCode } from './normalise/text.ts';

export const matchKeyKinds = ['email', 'phone', 'memberNumber'] as const;
export type MatchKeyKind = (typeof matchKeyKinds)[number];

/** Something two records of one person share. Equal keys are evidence; what they prove is decided by identity (P4). */
export interface MatchKey {
  readonly kind: MatchKeyKind;
  readonly value: string;
}

/**
 * The key of one raw value: an e-mail address without `+tag` (Gmail without dots), a phone in E.164, a member number in NFKC. Undefined
 * for what identifies nobody: role addresses (info@ …), numbers outside the numbering plan (03-0000-0000), a member number of zeros.
 */
export function matchKeyOf(kind: MatchKeyKind, raw: unknown): MatchKey | undefined {
  const value = KEY_OF[kind](raw);
  return value === undefined ? undefined : { kind, value };
}

/** All keys of a person's fields (`email`, `emails`, `phone`, `mobile`, `phones`, `memberNumber`), distinct, in that order. Never throws. */
export function matchKeys(fields: JsonObject): readonly MatchKey[] {
  const found = [
    ...[fields.email, ...listed(fields.emails, 'value')].map((raw) => matchKeyOf('email', raw)),
    ...[fields.phone, fields.mobile, ...listed(fields.phones, 'e164')].map((raw) => matchKeyOf('phone', raw)),
    matchKeyOf('memberNumber', fields.memberNumber),
  ].filter((key) => key !== undefined);
  return [...new Map(found.map((key) => [`${key.kind}:${key.value}`, key])).values()];
}

const KEY_OF: Readonly<Record<MatchKeyKind, (raw: unknown) => string | undefined>> = {
  email: (raw) => (isRoleAddress(raw) ? undefined : matchingEmail(raw)),
  phone: (raw) => (isPlannedPhone(raw) ? normalisePhone(raw) : undefined),
  memberNumber: (raw) => {
    const number = normaliseCode(raw);
    return number === undefined || /^[0-]*$/.test(number) ? undefined : number;
  },
};

const listed = (list: unknown, name: string): readonly unknown[] =>
  Array.isArray(list) ? list.map((item) => (isJsonObject(item) ? item[name] : item)) : [];
