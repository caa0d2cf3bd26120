import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { defineSandbox, isJsonObject, type JsonObject, type JsonValue, type SandboxKit } from '#sdk';

const who = {
  anonymousId: z.string().optional(),
  email: z.string().optional(),
  memberNumber: z.string().optional(),
};
const visitor = z.strictObject({ ...who, anonymousId: z.string() });
const loose = z.record(z.string(), z.json());
const on = { connection: z.string().optional() };

const editSchema = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('view'),
    ...on,
    ...who,
    path: z.string(),
    title: z.string().optional(),
    at: z.string().optional(),
  }),
  z.strictObject({ do: z.literal('identify'), ...on, ...who, properties: loose.optional(), at: z.string().optional() }),
  z.strictObject({ do: z.literal('event'), ...on, event: loose }),
  z.strictObject({ do: z.literal('batch'), ...on, events: z.array(z.json()) }),
]);
type Edit = z.infer<typeof editSchema>;

/** The company's own site: visitors look at pages and sign in, and it tells the hub so. */
export default defineSandbox({
  build(kit) {
    const visitors = new Map<string, JsonObject>();
    const sent: JsonObject[] = [];

    kit.onSeed((data) => {
      const { visitors: seeded } = z.strictObject({ visitors: z.array(visitor).default([]) }).parse(data);
      for (const one of seeded) visitors.set(one.anonymousId, one as JsonObject);
    });
    kit.onState(() => ({ visitors: [...visitors.values()], sent }));
    kit.onEdit(async (given) => {
      const edit = editSchema.parse(given);
      const events = eventsOf(edit, visitors).map((event) => complete(event, kit.nowMs()));
      const ids = events.map((event) => (isJsonObject(event) ? (event.id ?? null) : null));
      const { status, body } = await send(kit, edit.connection, events);
      sent.push({ status, events });
      return { status, body: readable(body), id: ids.at(-1) ?? null, ids };
    });
  },
});

function eventsOf(edit: Edit, visitors: ReadonlyMap<string, JsonObject>): readonly JsonValue[] {
  if (edit.do === 'batch') return edit.events;
  if (edit.do === 'event') return [edit.event];
  const { do: action, connection: _, ...rest } = edit;
  if (action === 'identify') return [defined({ kind: 'identify', ...rest })];
  const { path, title, ...from } = rest as Extract<Edit, { do: 'view' }>;
  // A seeded visitor is a member who is signed in: the site knows more than the cookie.
  const known = visitors.get(from.anonymousId ?? '') ?? {};
  return [defined({ kind: 'page_view', ...known, ...from, properties: defined({ path, title }) })];
}

/** The site gives every event an id and a time of its own; a given one, even a wrong one, stays. */
function complete(event: JsonValue, nowMs: number): JsonValue {
  return isJsonObject(event) ? { id: randomUUID(), at: new Date(nowMs).toISOString(), ...event } : event;
}

function send({ connections, deliver }: SandboxKit, name: string | undefined, events: readonly JsonValue[]) {
  const connection = connections.find((one) => name === undefined || one.name === name);
  if (!connection) throw new Error(`[sandbox] no connection ${name ?? 'points at this site'}`);
  return deliver({
    connection: connection.name,
    url: new URL('/events', connection.webhookUrl).href,
    headers: { authorization: `Bearer ${String(connection.config.token)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  });
}

const defined = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as JsonObject;

function readable(body: string): JsonValue {
  try {
    return JSON.parse(body) as JsonValue;
  } catch {
    return body;
  }
}
