import { HTTPFetchError, messagingApi } from '@line/bot-sdk';
import { z } from 'zod';
import { AuthError, type JsonObject } from '#sdk';
import { createAccessTokens } from './access-token.ts';
import { type LineConfig, secretsOf } from './config.ts';
import { withinDeadline } from './deadline.ts';
import { vendorError } from './vendor-error.ts';

type Api = messagingApi.MessagingApiClient;

/** The part of an action's and an object's context that a call needs. */
export interface CallContext {
  readonly config: LineConfig;
  readonly connection: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly memo: <T>(key: string, make: () => T) => T;
}

export interface Send {
  readonly messages: readonly JsonObject[];
  readonly notificationDisabled?: boolean | undefined;
}

/** What LINE says of a send, kept as the effect's result. */
export type Sent = {
  readonly requestId: string | null;
  /** Set when LINE had accepted the same retry key before: the id of that first request. */
  readonly acceptedRequestId?: string;
  readonly sentMessages: readonly { readonly id: string; readonly quoteToken?: string }[];
};

const profileSchema = z.object({
  displayName: z.string(),
  pictureUrl: z.string().optional().catch(undefined),
  statusMessage: z.string().optional().catch(undefined),
  language: z.string().optional().catch(undefined),
});

const quotaSchema = z.object({ type: z.string(), value: z.number().optional() });
const consumptionSchema = z.object({ totalUsage: z.number() });

// A send that was answered 200 has happened, whatever else the answer holds.
const sentMessagesSchema = z
  .object({
    sentMessages: z.array(z.object({ id: z.string(), quoteToken: z.string().optional().catch(undefined) })).catch([]),
  })
  .catch({ sentMessages: [] });

export type LineClient = ReturnType<typeof lineClient>;

/**
 * The Messaging API of one connection. Every function throws only HubErrors and ends with the context's signal.
 * @see https://developers.line.biz/en/reference/messaging-api/
 */
export function lineClient(context: CallContext) {
  const { config, connection: who, signal } = context;
  const tokens = context.memo('line.access-tokens', () => createAccessTokens(config, who));

  const attempt = async <T>(token: string, send: (api: Api) => Promise<T>): Promise<T> => {
    const api = new messagingApi.MessagingApiClient({ baseURL: config.apiUrl, channelAccessToken: token });
    try {
      return await withinDeadline(who, signal, () => send(api));
    } catch (error) {
      throw vendorError(who, error, [...secretsOf(config), token]);
    }
  };

  /** A stateless token refused before its time is replaced once: a refused call was not applied. */
  const call = async <T>(send: (api: Api) => Promise<T>): Promise<T> => {
    const token = await tokens.get(context);
    try {
      return await attempt(token, send);
    } catch (error) {
      if (!(error instanceof AuthError) || !tokens.forget(token)) throw error;
      return await attempt(await tokens.get(context), send);
    }
  };

  return {
    /**
     * Answers a webhook event; free of quota, once per token.
     * @throws RejectedError `reply_token_dead` when the token is used or too old.
     * @see https://developers.line.biz/en/reference/messaging-api/#send-reply-message
     */
    reply: (replyToken: string, send: Send): Promise<Sent> =>
      call(async (api) => {
        const { httpResponse, body } = await api.replyMessageWithHttpInfo({ replyToken, ...wireOf(send) });
        return sentOf(httpResponse.headers, body);
      }),

    /**
     * Sends to one recipient; counts against the monthly quota. The same retry key sends once within 24 hours.
     * @see https://developers.line.biz/en/reference/messaging-api/#send-push-message
     */
    push: (to: string, send: Send & { readonly aggregationUnit?: string | undefined }, retryKey: string) =>
      call(async (api): Promise<Sent> => {
        const { aggregationUnit: unit } = send;
        const request = { to, ...wireOf(send), ...(unit && { customAggregationUnits: [unit] }) };
        try {
          const { httpResponse, body } = await api.pushMessageWithHttpInfo(request, retryKey);
          return sentOf(httpResponse.headers, body);
        } catch (error) {
          // https://developers.line.biz/en/docs/messaging-api/retrying-api-request/: 409 = accepted before.
          if (error instanceof HTTPFetchError && error.status === 409) return acceptedBefore(error);
          throw error;
        }
      }),

    /**
     * A friend's profile; null when the user is unknown, blocked us or gave no consent.
     * @see https://developers.line.biz/en/reference/messaging-api/#get-profile
     */
    profile: (userId: string) =>
      call(async (api) => {
        try {
          return profileSchema.parse(await api.getProfile(userId));
        } catch (error) {
          if (error instanceof HTTPFetchError && error.status === 404) return null;
          throw error;
        }
      }),

    /**
     * The month's limit and use in messages; `limit` is null when the plan sets none.
     * @see https://developers.line.biz/en/reference/messaging-api/#get-quota
     * @see https://developers.line.biz/en/reference/messaging-api/#get-consumption
     */
    quota: () =>
      call(async (api) => {
        const [quota, consumption] = await Promise.all([api.getMessageQuota(), api.getMessageQuotaConsumption()]);
        const { type, value } = quotaSchema.parse(quota);
        return {
          limit: type === 'limited' && value !== undefined ? value : null,
          used: consumptionSchema.parse(consumption).totalUsage,
        };
      }),
  };
}

/** The messages were checked by the action's schema; the SDK's union is only a narrower name for the same JSON. */
const wireOf = ({ messages, notificationDisabled }: Send) => ({
  messages: messages as unknown as messagingApi.Message[],
  ...(notificationDisabled !== undefined && { notificationDisabled }),
});

const sentOf = (headers: Headers, body: unknown): Sent => ({
  requestId: headers.get('x-line-request-id'),
  ...sentMessagesSchema.parse(body),
});

function acceptedBefore(error: HTTPFetchError): Sent {
  const acceptedRequestId = error.headers.get('x-line-accepted-request-id');
  return { ...sentOf(error.headers, jsonOf(error.body)), ...(acceptedRequestId !== null && { acceptedRequestId }) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The 409 itself says that the message was accepted; its body only adds the message ids.
    return undefined;
  }
}
