import { HTTPFetchError } from '@line/bot-sdk';
import { z } from 'zod';
import { ConfigError, errorOfFailure, errorOfStatus, type HubError, RejectedError } from '#sdk';

const answerSchema = z.object({
  message: z.string().catch(''),
  details: z.array(z.object({ message: z.string().catch(''), property: z.string().catch('') })).catch([]),
});

type Answer = z.infer<typeof answerSchema>;

/**
 * LINE's error as a HubError. Where one status means several things only the message text tells them apart; it is read
 * here and nowhere else. The SDK's error is not kept as the cause: it holds the whole answer. What is kept of the answer
 * is `detail`, without the given secrets.
 * @see https://developers.line.biz/en/reference/messaging-api/#error-messages
 */
export function vendorError(who: string, error: unknown, secrets: readonly string[]): HubError {
  if (error instanceof SyntaxError) return errorOfFailure(who, new SyntaxError('the answer is not JSON'));
  if (!(error instanceof HTTPFetchError)) return errorOfFailure(who, error);
  const { status } = error;
  const answer = readAnswer(error.body);
  const options = { detail: detailOf(answer, secrets) };
  if (status === 400 && answer.message === 'Invalid reply token') {
    return new RejectedError(`[${who}] the reply token is used or older than one minute: answer by push`, {
      code: 'reply_token_dead',
      ...options,
    });
  }
  if (status === 400 && isUnknownRecipient(answer.message)) {
    return new RejectedError(`[${who}] LINE does not know this recipient on this provider: check its LINE address`, {
      code: 'recipient_unknown',
      ...options,
    });
  }
  // https://developers.line.biz/en/faq/: a monthly limit and a rate limit are both 429.
  if (status === 429 && answer.message.startsWith('You have reached your monthly limit')) {
    return new RejectedError(`[${who}] this month's messages are used up: raise the plan's limit, then replay`, {
      code: 'quota_exhausted',
      ...options,
    });
  }
  // One forbidden call (e.g. follower ids on an unverified account) says nothing about the token: no AuthError.
  if (status === 403) {
    return new ConfigError(`[${who}] the account's plan does not include this call (403): change plan or settings`, {
      code: 'plan_forbids',
      ...options,
    });
  }
  return errorOfStatus(who, status, error.headers.get('retry-after'), options.detail);
}

/** The second text is what LINE answers to an id that is not of its form, and seen for ids of other providers. */
const isUnknownRecipient = (message: string) =>
  message === 'Failed to send messages' || message.startsWith("The property, 'to', in the request body is invalid");

function readAnswer(body: string): Answer {
  try {
    return answerSchema.parse(JSON.parse(body));
  } catch {
    // A gateway in between may answer HTML; the status alone decides then.
    return { message: '', details: [] };
  }
}

/** LINE names properties and rules, not values; a proxy in between may repeat what it was sent. */
function detailOf({ message, details }: Answer, secrets: readonly string[]): string | undefined {
  const parts = [message, ...details.map((one) => `${one.property}: ${one.message}`)].filter((part) => part !== '');
  if (parts.length === 0) return undefined;
  return secrets.reduce((text, secret) => text.replaceAll(secret, '(secret)'), parts.join('; ')).slice(0, 500);
}
