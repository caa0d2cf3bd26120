import { z } from 'zod';
import { type ActionScope, RejectedError, type StaffMember } from '#sdk';
import { escapeText } from './mrkdwn.ts';
import { inactiveNotice, unownedNotice } from './wording.ts';

const SLACK_ID = /^[CDGUW][A-Z0-9]{2,}$/;

/** A conversation or user by id, or a user by e-mail address, looked up when the message leaves. */
export const recipientSchema = z.union([
  z.strictObject({ channel: z.string().regex(SLACK_ID, 'a Slack id like C0123456789') }),
  z.strictObject({ email: z.string() }),
]);
export type Recipient = z.infer<typeof recipientSchema>;

/** What a message goes to, and the line that says why it is not who was meant. */
export interface Addressed {
  readonly recipient: Recipient;
  readonly notice?: string;
}

type Found =
  | { readonly kind: 'found'; readonly recipient: Recipient }
  | { readonly kind: 'inactive'; readonly who: string }
  | { readonly kind: 'nobody' };

/**
 * Resolves `owner`, `manager`, an e-mail address, a channel name of musubi.yaml (with or without #) or a Slack id;
 * `instead` is used when that is nobody or somebody inactive.
 * @throws RejectedError no_recipient, unknown_channel
 */
export function addressed(to: string, instead: string | undefined, scope: ActionScope): Addressed {
  const first = find(to, scope);
  if (first.kind === 'found') return { recipient: first.recipient };
  const second = instead === undefined ? first : find(instead, scope);
  if (second.kind !== 'found') throw nobody(first, instead);
  const notice =
    first.kind === 'inactive'
      ? inactiveNotice(escapeText(first.who.slice(0, 100)), scope.locale)
      : unownedNotice(scope.locale);
  return { recipient: second.recipient, notice };
}

/** Messages to one recipient leave in order. */
export const recipientKey = (recipient: Recipient): string =>
  'channel' in recipient ? recipient.channel : recipient.email;

function find(to: string, scope: ActionScope): Found {
  const name = to.trim();
  if (name === 'owner') return staffMember(scope.owner);
  if (name === 'manager') return staffMember(scope.manager);
  if (SLACK_ID.test(name)) return { kind: 'found', recipient: { channel: name } };
  if (name.includes('@')) return byEmail(name, scope.staff);
  if (name === '') return { kind: 'nobody' };
  const channelName = name.replace(/^#/, '');
  const id = Object.hasOwn(scope.channels, channelName) ? scope.channels[channelName] : undefined;
  if (id !== undefined && SLACK_ID.test(id)) return { kind: 'found', recipient: { channel: id } };
  throw new RejectedError(
    `[slack] no channel #${channelName} is known: add it with its id under channels: in musubi.yaml`,
    { code: 'unknown_channel', detail: channelName },
  );
}

function byEmail(email: string, staff: readonly StaffMember[]): Found {
  const wanted = email.toLowerCase();
  const member = staff.find((one) => one.email.toLowerCase() === wanted);
  return member ? staffMember(member) : { kind: 'found', recipient: { email: wanted } };
}

function staffMember(member: StaffMember | null): Found {
  if (member === null) return { kind: 'nobody' };
  if (!member.active) return { kind: 'inactive', who: member.name };
  const recipient = member.slack && SLACK_ID.test(member.slack) ? { channel: member.slack } : { email: member.email };
  return { kind: 'found', recipient };
}

function nobody(first: Found, instead: string | undefined): RejectedError {
  const why = first.kind === 'inactive' ? 'the recipient is inactive' : 'the recipient is unknown';
  const hint = instead === undefined ? 'name another one under else:' : 'so is the one under else:';
  return new RejectedError(`[slack] ${why}: ${hint}`, { code: 'no_recipient', detail: first.kind });
}
