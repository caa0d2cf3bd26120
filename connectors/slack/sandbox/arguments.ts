import type { FastifyRequest } from 'fastify';
import { isJsonObject, type JsonValue, jsonBody } from '#sdk';

/** What Slack answers instead of a result: HTTP 200 with `ok: false`. */
export class SlackRefusal extends Error {
  readonly code: string;
  readonly messages: readonly string[];

  constructor(code: string, messages: readonly string[] = []) {
    super(code);
    this.code = code;
    this.messages = messages;
  }
}

/** The arguments of a call, however they came. */
export interface Arguments {
  /** @throws SlackRefusal invalid_arguments when it is missing */
  readonly required: (name: string) => string;
  readonly text: (name: string) => string | undefined;
  readonly flag: (name: string) => boolean;
  /** A structured argument: JSON in a JSON body, JSON text in a form. Undefined when absent. @throws SlackRefusal with the code given */
  readonly structure: (name: string, code: string) => JsonValue | undefined;
}

/** Reads a form, a JSON body or a query: https://docs.slack.dev/apis/web-api/#post-bodies */
export function readArguments(request: FastifyRequest): Arguments {
  const values = new Map(valuesOf(request));
  const text = (name: string) => {
    const value = values.get(name);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  return {
    text,
    required: (name) => {
      const value = text(name);
      if (value === undefined) throw new SlackRefusal('invalid_arguments', [`[ERROR] missing required field: ${name}`]);
      return value;
    },
    flag: (name) => ['true', '1'].includes(String(values.get(name))),
    structure: (name, code) => {
      const value = values.get(name);
      if (typeof value !== 'string') return value;
      try {
        return JSON.parse(value) as JsonValue;
      } catch {
        throw new SlackRefusal(code);
      }
    },
  };
}

/** The token of the header, or of a form: https://docs.slack.dev/authentication/tokens */
export function tokenOf(request: FastifyRequest): string | undefined {
  const bearer = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1];
  if (bearer !== undefined) return bearer;
  return isForm(request) ? (new URLSearchParams(bodyText(request)).get('token') ?? undefined) : undefined;
}

function valuesOf(request: FastifyRequest): [string, JsonValue][] {
  const query = Object.entries(request.query as Record<string, string>);
  if (request.method === 'GET' || bodyText(request) === '') return query;
  if (isForm(request)) return [...query, ...new URLSearchParams(bodyText(request))];
  if (!mediaType(request).startsWith('application/json')) throw new SlackRefusal('invalid_post_type');
  const body = jsonBody(request);
  if (body === undefined) throw new SlackRefusal('invalid_json');
  if (!isJsonObject(body)) throw new SlackRefusal('json_not_object');
  return [...query, ...Object.entries(body)];
}

const mediaType = (request: FastifyRequest) => request.headers['content-type'] ?? '';
const isForm = (request: FastifyRequest) => mediaType(request).startsWith('application/x-www-form-urlencoded');
const bodyText = (request: FastifyRequest) => (Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
