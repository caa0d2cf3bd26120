import type { JsonObject, SourceRecord } from '#sdk';
import { normalisedEmail, type WebEvent } from './event.ts';

/** The one source record that follows from an event. `purchase` stays an activity, like every kind not named here. */
export function recordOf(event: WebEvent): SourceRecord {
  if (event.kind === 'identify') return profile(event);
  return event.kind === 'consent' ? consent(event) : activity(event);
}

/** Who the visitor is. The member number names the record before the address, the address before the browser. */
function profile(event: WebEvent): SourceRecord {
  const email = event.email === undefined ? undefined : normalisedEmail(event.email);
  const id = event.memberNumber ?? email ?? event.anonymousId ?? event.id;
  return record('profiles', id, event, { properties: event.properties ?? {} });
}

/** The site says what the person did there. Evidence is complete only with wording, page and time (acceptance rule P5). */
function consent(event: WebEvent): SourceRecord {
  const { channel, status, purpose, wording, url } = event.properties ?? {};
  const evidence = present({ wording, url, at: event.at, interactive: true });
  return record('consents', event.id, event, { ...present({ channel, status, purpose }), at: event.at, evidence });
}

function activity(event: WebEvent): SourceRecord {
  const properties = event.properties ?? {};
  const path = properties.path ?? pathOf(properties.url);
  return record('events', event.id, event, {
    kind: event.kind,
    at: event.at,
    channel: properties.channel ?? 'web',
    direction: properties.direction ?? 'in',
    properties: { ...properties, ...present({ path }) },
  });
}

function record(object: string, id: string, event: WebEvent, data: JsonObject): SourceRecord {
  const { anonymousId, email, memberNumber } = event;
  return {
    object,
    id,
    modifiedAtMs: Date.parse(event.at),
    data: { ...present({ anonymousId, email, memberNumber }), ...data },
  };
}

/** The path of a page's address, so that a site may send `url` as browsers give it. */
function pathOf(url: unknown): string | undefined {
  return typeof url === 'string' ? URL.parse(url)?.pathname : undefined;
}

/** Leaves out what was not said: an absent value stays absent and overwrites nothing. */
function present(values: Readonly<Record<string, JsonObject[string] | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as JsonObject;
}
