import { describe, expect, it } from 'vitest';
import { type HttpPost, linePost, type SentEvent } from './events.ts';
import { seed } from './random.ts';
import { openRig, type Rig } from './rig.ts';
import { chaosStores } from './stores.ts';

const EVENTS = 60;
const COPIES = 5;
const PAIRS = 6;
const AT_ONCE = 20;

/** R17. */
describe.each(await chaosStores())('redelivery on $name', (kind) => {
  it.skipIf(kind.unavailable)(
    'does each thing once, however often and in whatever order it is told',
    { timeout: 90_000 },
    async () => {
      const rig = await openRig(kind);
      try {
        await rig.start();
        for (const event of await rig.events.introductions()) await rig.courier.deliver(event);
        const events = await Promise.all(Array.from({ length: EVENTS }, () => rig.events.make(rig.events.any())));
        const copies = shuffled(
          events.flatMap((event) => Array.from({ length: COPIES }, () => event)),
          rig.random,
        );
        for (let at = 0; at < copies.length; at += AT_ONCE) {
          await Promise.all(copies.slice(at, at + AT_ONCE).map((event) => rig.courier.post(event.again, event.key)));
        }
        await Promise.all(events.map((event) => rig.courier.deliver(event)));
        const tookMs = await rig.drained(rig.store.recoveryMs);
        const { violations, counts } = await rig.verdict();
        console.info(
          `${kind.name}: seed ${seed}, ${copies.length} copies, ${JSON.stringify(counts)}, drained in ${Math.round(tookMs)} ms`,
        );
        expect(violations).toEqual([]);
        expect(rig.courier.answers.filter((one) => one.status !== 200)).toEqual([]);
      } finally {
        await rig.close();
      }
    },
  );

  it.skipIf(kind.unavailable)('keeps the first of two bodies with one id, and warns', { timeout: 90_000 }, async () => {
    const rig = await openRig(kind);
    try {
      const hub = await rig.start();
      const later = await pairs(rig);
      for (const { event, other } of later) {
        await rig.courier.deliver(event);
        expect((await rig.courier.post(other)).status).toBe(200);
      }
      const together = await pairs(rig);
      for (const { event, other, marks } of together) {
        rig.allowed.add(marks[0] ?? '');
        expect((await rig.courier.post(inOneDelivery(event.first, other))).status).toBe(200);
      }
      await rig.drained(5_000);
      await expect.poll(() => warnings(hub.log), { timeout: 6_000 }).toBe(2 * PAIRS);
      const { violations } = await rig.verdict();
      expect(violations).toEqual([]);
      const seen = rig.tools.seen();
      for (const { marks } of [...later, ...together])
        expect(marks.map((mark) => seen.includes(mark))).toEqual([true, false]);
    } finally {
      await rig.close();
    }
  });
});

const warnings = (log: readonly { msg?: unknown }[]) => log.filter((line) => line.msg === 'differing body').length;

/** Events, each with a second body that has its id and says something else. */
async function pairs(rig: Rig) {
  const events = await Promise.all(Array.from({ length: PAIRS }, () => rig.events.make('push')));
  return events.map((event) => {
    const marks = [`push:${event.tag}`, `push:${event.tag}-other`];
    rig.allowed.add(marks[1] ?? '');
    return { event, other: otherBody(event), marks };
  });
}

const otherBody = (event: SentEvent) => linePost(event.first.body.replace(`#${event.tag}#`, `#${event.tag}-other#`));

/** LINE may put several events into one request. */
function inOneDelivery(...posts: readonly HttpPost[]): HttpPost {
  const bodies = posts.map(({ body }) => JSON.parse(body) as { events: unknown[] });
  return linePost(JSON.stringify({ ...bodies[0], events: bodies.flatMap((one) => one.events) }));
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at--) {
    const to = Math.floor(random() * (at + 1));
    [result[at], result[to]] = [result[to] as T, result[at] as T];
  }
  return result;
}
