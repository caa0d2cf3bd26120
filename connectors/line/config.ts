import { z } from 'zod';
import { baseUrl, secret } from '#sdk';

/** Settings of a connection: one Messaging API channel. */
export const config = z
  .strictObject({
    /** A user id is valid for all channels of one provider, so the provider is the scope of an address. */
    providerId: z.string().min(1),
    /** Needed for stateless tokens; see README. */
    channelId: z.string().min(1).optional(),
    channelSecret: secret(),
    /** The secret before the last re-issue: webhooks signed with it are still taken while LINE switches over. */
    previousChannelSecret: secret().optional(),
    /** Long-lived token. Without it, stateless tokens are issued with channelId and channelSecret. */
    channelAccessToken: secret().optional(),
    /** User id of the bot; when given, bodies meant for another bot are not applied. */
    destination: z
      .string()
      .regex(/^U[0-9a-f]{32}$/, 'U and 32 hexadecimal digits')
      .optional(),
    // https://developers.line.biz/en/reference/messaging-api/#domain-name
    apiUrl: baseUrl('https://api.line.me'),
  })
  .refine((settings) => settings.channelAccessToken !== undefined || settings.channelId !== undefined, {
    message: 'give channelAccessToken (long-lived) or channelId (stateless tokens)',
    path: ['channelAccessToken'],
  });

export type LineConfig = z.infer<typeof config>;

/** The values that must stand in no error and no log. */
export const secretsOf = ({
  channelSecret,
  previousChannelSecret,
  channelAccessToken,
}: LineConfig): readonly string[] =>
  [channelSecret, previousChannelSecret, channelAccessToken].filter((value) => value !== undefined);
