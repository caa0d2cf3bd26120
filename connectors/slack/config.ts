import { z } from 'zod';
import { baseUrl, secret } from '#sdk';

/** Settings of a Slack connection: one app installed in one workspace. */
export const config = z.strictObject({
  /** Bot User OAuth Token, `xoxb-…`. */
  botToken: secret(),
  signingSecret: secret(),
  /** The signing secret before it was regenerated: both are accepted until this line is removed. */
  previousSigningSecret: secret().optional(),
  /** `T…`: presses and events of any other workspace are refused. Recommended. */
  teamId: z
    .string()
    .regex(/^T[A-Z0-9]{2,}$/, 'a team id like T0123456789')
    .optional(),
  apiUrl: baseUrl('https://slack.com'),
});

export type SlackConfig = z.infer<typeof config>;
