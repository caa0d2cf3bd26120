import { randomBytes } from 'node:crypto';
import { safeEqual } from '#sdk';
import { type Refusal, refuse } from './answers.ts';
import type { Request } from './http.ts';
import type { Channel, World } from './world.ts';

/** https://developers.line.biz/en/reference/messaging-api/#issue-stateless-channel-access-token: 15 minutes. */
const EXPIRES_IN_SECONDS = 899;

export function addTokenRoutes(world: World): void {
  world.kit.app.post('/oauth2/v3/token', (request, reply) => {
    const form = formOf(request);
    if (!form) return refuse(reply, oauthError('invalid_request', 'content type must be a form'));
    if (form.get('grant_type') !== 'client_credentials') {
      return refuse(reply, oauthError('unsupported_grant_type', 'grant_type must be client_credentials'));
    }
    const channel = channelOf(world, form.get('client_id') ?? '', form.get('client_secret') ?? '');
    if (!channel) return refuse(reply, oauthError('invalid_client', 'invalid client_id or client_secret'));
    const accessToken = `stateless.${randomBytes(24).toString('base64url')}`;
    const expiresAtMs = world.kit.nowMs() + EXPIRES_IN_SECONDS * 1000;
    world.issuedTokens.set(accessToken, { channel, expiresAtMs });
    return reply.send({ token_type: 'Bearer', access_token: accessToken, expires_in: EXPIRES_IN_SECONDS });
  });
}

/** The reference names the status 400, not the texts. */
const oauthError = (error: string, description: string): Refusal => ({
  status: 400,
  body: { error, error_description: description },
});

function formOf(request: Request): URLSearchParams | undefined {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
  return isForm && Buffer.isBuffer(request.body) ? new URLSearchParams(request.body.toString('utf8')) : undefined;
}

const channelOf = (world: World, id: string, secret: string): Channel | undefined =>
  [...world.channels.values()].find(({ connection: { config } }) => {
    return config.channelId === id && safeEqual(secret, String(config.channelSecret));
  });
