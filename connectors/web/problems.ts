import type { z } from 'zod';

/** One text for the developer of the site, in both languages: what is wrong and what to send instead. */
export interface Problem {
  readonly error: string;
  readonly errorJa: string;
}

/** Problems of the whole request: nothing of it is stored. */
export const REQUEST_PROBLEMS = {
  not_utf8: {
    error: 'the body is not UTF-8: encode it as UTF-8',
    errorJa: '本文がUTF-8ではありません。UTF-8で送ってください。',
  },
  not_json: {
    error: 'the body is not JSON: send { "events": [ … ] }',
    errorJa: '本文がJSONではありません。{ "events": [ … ] } の形で送ってください。',
  },
  no_events: {
    error: 'the body must be an object with the one key "events", a list: send { "events": [ … ] }',
    errorJa: '本文は "events"(リスト)だけを持つオブジェクトにしてください。例: { "events": [ … ] }',
  },
  too_many: {
    error: 'more than 500 events: send at most 500 in one request',
    errorJa: 'イベントが500件を超えています。1回のリクエストは500件までに分けてください。',
  },
  all_refused: {
    error: 'no event was stored: see "rejected" for each',
    errorJa: '保存されたイベントはありません。理由は "rejected" を見てください。',
  },
} as const satisfies Record<string, Problem>;

/** Problems of one event, by field or by the message its schema sets. */
const EVENT_PROBLEMS: Readonly<Record<string, Problem>> = {
  event: { error: 'an event must be a JSON object', errorJa: 'イベントはJSONのオブジェクトにしてください。' },
  id: {
    error: 'id must be a text of 1 to 200 characters, different for each event',
    errorJa: 'id はイベントごとに異なる1〜200文字の文字列にしてください。',
  },
  repeated_id: {
    error: 'this id stands earlier in the same request: give each event its own id',
    errorJa: '同じリクエストの中に同じ id があります。イベントごとに別の id を付けてください。',
  },
  kind: {
    error: 'kind must be snake_case of at most 63 characters, e.g. page_view',
    errorJa: 'kind は63文字以内の snake_case にしてください。例: page_view',
  },
  at: {
    error: 'at must be a time between 2000 and 2099 with its offset, e.g. 2026-09-01T10:00:00+09:00',
    errorJa: 'at は時差付きの日時(2000〜2099年)にしてください。例: 2026-09-01T10:00:00+09:00',
  },
  anonymousId: {
    error: 'anonymousId must be a text of 1 to 200 characters, or left out',
    errorJa: 'anonymousId は1〜200文字の文字列にするか、省いてください。',
  },
  email: {
    error: 'email must be one e-mail address of at most 254 characters, or left out',
    errorJa: 'email は254文字以内のメールアドレス1件にするか、省いてください。',
  },
  memberNumber: {
    error:
      'memberNumber must be a text of 1 to 200 characters in quotes (a number loses its leading zeros), or left out',
    errorJa: 'memberNumber は1〜200文字の文字列にするか、省いてください(数値では先頭の0が失われます)。',
  },
  properties: {
    error:
      'properties must be an object of at most 32 kB, nested at most 5 deep, keys of 1 to 100 characters, no NUL character, no broken emoji, no number out of range, no key __proto__',
    errorJa:
      'properties は32kB以内、入れ子5段以内、キー1〜100文字のオブジェクトにしてください(NUL文字、壊れた絵文字、範囲外の数値、キー __proto__ は不可)。',
  },
  identify: {
    error: 'identify needs memberNumber, email or anonymousId',
    errorJa: 'identify には memberNumber、email、anonymousId のいずれかが必要です。',
  },
  consent: {
    error:
      'consent needs properties.channel (email, line, sms, phone or slack) and properties.status (granted or withdrawn); wording, url and purpose are texts',
    errorJa:
      'consent には properties.channel(email、line、sms、phone、slack)と properties.status(granted、withdrawn)が必要です。wording、url、purpose は文字列にしてください。',
  },
  channel: {
    error: 'properties.channel must be snake_case of at most 63 characters, e.g. phone, or left out',
    errorJa: 'properties.channel は63文字以内の snake_case(例: phone)にするか、省いてください。',
  },
  direction: {
    error: 'properties.direction must be in or out, or left out',
    errorJa: 'properties.direction は in か out にするか、省いてください。',
  },
};

export const REPEATED_ID: Problem = EVENT_PROBLEMS.repeated_id as Problem;

/** All that is wrong with one event, each thing said once. */
export function problemOf(error: z.ZodError): Problem {
  const problems = new Map(error.issues.map((issue) => entryOf(issue)));
  const all = [...problems.values()];
  return { error: all.map((one) => one.error).join('; '), errorJa: all.map((one) => one.errorJa).join('') };
}

function entryOf(issue: z.core.$ZodIssue): [string, Problem] {
  if (issue.code === 'unrecognized_keys') return ['unknown_keys', unknownKeys(issue.keys)];
  const name = String(issue.path[0] ?? issue.message);
  const problem = EVENT_PROBLEMS[name];
  return problem ? [name, problem] : ['event', EVENT_PROBLEMS.event as Problem];
}

function unknownKeys(keys: readonly string[]): Problem {
  const shown = keys
    .slice(0, 5)
    .map((key) => JSON.stringify(key.slice(0, 50).toWellFormed()))
    .join(', ');
  return {
    error: `unknown key ${shown}: put facts of your own into properties`,
    errorJa: `${shown} というキーはありません。独自の項目は properties に入れてください。`,
  };
}
