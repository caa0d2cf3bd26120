import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { rounds, seed } from './random.ts';
import { openRig, type Rig } from './rig.ts';
import { chaosStores } from './stores.ts';

const ROUNDS = rounds(2);
const STOP_MS = 10_000;

/** R25. */
describe.each(await chaosStores())('SIGTERM on $name', (kind) => {
  it.skipIf(kind.unavailable)(
    'ends with 0 within 10 s and loses nothing that was under way',
    { timeout: 60_000 + ROUNDS * 20_000 },
    async () => {
      const rig = await openRig(kind);
      try {
        await rig.start();
        for (const event of await rig.events.introductions()) await rig.courier.deliver(event);
        rig.tools.slowAnswers(400);
        const load = rig.load(40);
        const stops: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          await sleep(800 + rig.random() * 1_500);
          // In the last round a call hangs: the stop does not wait for its deadline for ever.
          if (round === ROUNDS - 1) await rig.tools.fault('slack', { path: '/api/chat.postMessage', kind: 'hang' });
          await sleep(200);
          stops.push(await stop(rig));
          await rig.start();
        }
        await load.stop();
        rig.tools.slowAnswers(0);
        await rig.courier.idle();
        const tookMs = await rig.drained(rig.store.recoveryMs);
        const { violations, listed, counts } = await rig.verdict();
        console.info(
          `${kind.name}: seed ${seed}, stopped in ${stops.map(Math.round).join(', ')} ms, ${JSON.stringify(counts)}, listed ${listed.length}, drained in ${Math.round(tookMs)} ms`,
        );
        expect(violations).toEqual([]);
        expect(Math.max(...stops)).toBeLessThan(STOP_MS);
      } finally {
        await rig.close();
      }
    },
  );
});

async function stop(rig: Rig): Promise<number> {
  const hub = rig.hub();
  const began = performance.now();
  hub.signal('SIGTERM');
  const ended = await Promise.race([hub.ended, sleep(STOP_MS + 5_000, 'still running', { ref: false })]);
  expect(ended).toEqual({ code: 0, signal: null });
  return performance.now() - began;
}
