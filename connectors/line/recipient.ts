import { type ActionScope, isJsonObject, type JsonObject, RejectedError } from '#sdk';
import type { LineConfig } from './config.ts';

/** What the causing activity's metadata says, as `parse-event.ts` wrote it. */
export function causeOf(scope: ActionScope): JsonObject {
  const metadata = scope.activity?.metadata;
  return isJsonObject(metadata) ? metadata : {};
}

/**
 * The person's user id on the connection's provider: the one that spoke when it is one of the person's own, else the
 * first; undefined when the person has no LINE address there. Ids of other providers mean nothing to this channel.
 */
export function lineUserOf(scope: ActionScope, config: LineConfig): string | undefined {
  const own = scope.addresses
    .filter((address) => address.channel === 'line' && address.scope === config.providerId)
    .map((address) => address.id);
  const { userId } = causeOf(scope);
  return own.find((id) => id === userId) ?? own[0];
}

/**
 * While another channel holds the chat, this one must stay silent.
 * @see https://developers.line.biz/en/docs/partner-docs/module-technical-using-messaging-api/
 */
export function refuseStandby(scope: ActionScope): void {
  if (causeOf(scope).standby === true) {
    throw new RejectedError('[line] the chat is held by another channel (standby): nothing is sent', {
      code: 'channel_standby',
    });
  }
}
