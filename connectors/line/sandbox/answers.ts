import type { JsonObject } from '#sdk';
import type { Reply } from './http.ts';

/** A refusal of LINE: status and body as the reference documents them. */
// https://developers.line.biz/en/reference/messaging-api/#error-responses
export interface Refusal {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Detail {
  readonly message: string;
  readonly property: string;
}

export const refusal = (status: number, message: string): Refusal => ({ status, body: { message } });

export const bodyErrors = (details: readonly Detail[]): Refusal => ({
  status: 400,
  body: {
    message: `The request body has ${details.length} error(s)`,
    details: details.map(({ message, property }) => ({ message, property })),
  },
});

// Texts of the reference's table of error messages, and of the FAQ for the monthly limit.
export const refusals = {
  unauthorized: refusal(
    401,
    'Authentication failed due to the following reason: invalid token. ' +
      'Confirm that the access token in the authorization header is valid.',
  ),
  deadReplyToken: refusal(400, 'Invalid reply token'),
  badRecipient: refusal(400, "The property, 'to', in the request body is invalid (line: -, column: -)"),
  unknownRecipient: refusal(400, 'Failed to send messages'),
  monthlyLimit: refusal(429, 'You have reached your monthly limit.'),
  rateLimit: refusal(429, 'The API rate limit has been exceeded. Try again later.'),
  tooLarge: refusal(413, 'Payload Too Large'),
  notFound: refusal(404, 'Not found'),
  // The reference gives the status of these two, not their text.
  badRetryKey: refusal(400, 'The retry key is invalid'),
  unsupportedRetryKey: refusal(400, 'The retry key is not supported by this API'),
} as const satisfies Record<string, Refusal>;

export const refuse = (reply: Reply, { status, body, headers }: Refusal) =>
  reply
    .code(status)
    .headers({ ...headers })
    .send(body);
