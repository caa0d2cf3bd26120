import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { rounds, seed } from './random.ts';
import { openRig } from './rig.ts';
import { chaosStores } from './stores.ts';

const PER_SECOND = 50;
const ROUNDS = rounds(2);

/** R01, R07. The hub is killed 0.2–3 s after it listens, again and again, while the senders go on. */
describe.each(await chaosStores())('kill -9 at random moments on $name', (kind) => {
  it.skipIf(kind.unavailable)(
    `loses and doubles nothing over ${ROUNDS} kills`,
    { timeout: 60_000 + ROUNDS * 20_000 },
    async () => {
      const rig = await openRig(kind);
      try {
        await rig.start();
        for (const event of await rig.events.introductions()) await rig.courier.deliver(event);
        const load = rig.load(PER_SECOND);
        for (let round = 0; round < ROUNDS; round++) {
          await sleep(200 + rig.random() * 2_800);
          expect(rig.hub().hasEnded(), 'the hub ended by itself').toBe(false);
          await rig.hub().kill();
          await rig.start();
        }
        await sleep(500);
        await load.stop();
        await rig.courier.idle();
        const tookMs = await rig.drained(rig.store.recoveryMs);
        const { violations, listed, counts } = await rig.verdict();
        console.info(
          `${kind.name}: seed ${seed}, ${ROUNDS} kills, ${JSON.stringify(counts)}, listed ${listed.length}, drained in ${Math.round(tookMs)} ms`,
        );
        expect(violations).toEqual([]);
        expect(listed.length).toBeLessThanOrEqual(ROUNDS);
        expect(tookMs).toBeLessThan(rig.store.recoveryMs);
      } finally {
        await rig.close();
      }
    },
  );
});
