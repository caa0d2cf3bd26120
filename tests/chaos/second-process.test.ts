import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { startHub } from './hub-process.ts';
import { openRig } from './rig.ts';
import { chaosStores } from './stores.ts';

const [pglite] = await chaosStores();

/** 2 s are promised, most of them the start of Node; the rest is the noise of a busy test machine. */
const REFUSED_MS = 2_000 + 6_000;

/** R08: without the lock two processes lose each other's rows. */
describe('two hubs on one embedded database', () => {
  it('refuses the second with what to do, and the first goes on', { timeout: 60_000 }, async () => {
    const rig = await openRig(pglite);
    try {
      const first = await rig.start();
      for (const event of await rig.events.introductions()) await rig.courier.deliver(event);
      const load = rig.load(20);

      const began = performance.now();
      const second = startHub({ folder: rig.folder, env: rig.tools.env });
      const ended = await second.ended;
      const tookMs = performance.now() - began;

      expect(ended).toEqual({ code: 1, signal: null });
      expect(second.output.join('\n')).toMatch(
        new RegExp(`^\\[store\\] process ${first.pid} on ${hostname()} \\(since [^)]+\\) holds .+: stop it first`),
      );
      expect(second.log.filter((line) => line.level === 'error')).toEqual([]);
      console.info(`the second hub was refused after ${Math.round(tookMs)} ms`);
      expect(tookMs).toBeLessThan(REFUSED_MS);

      await load.stop();
      await rig.courier.idle();
      await rig.drained(rig.store.recoveryMs);
      expect((await rig.verdict()).violations).toEqual([]);
    } finally {
      await rig.close();
    }
  });

  it('lets one of two that start at once have it, and the next one after its crash', { timeout: 60_000 }, async () => {
    const rig = await openRig(pglite);
    try {
      const hubs = [1, 2].map(() => startHub({ folder: rig.folder, env: rig.tools.env }));
      const urls = await Promise.all(hubs.map((hub) => hub.ready));
      expect(urls.filter((url) => url !== null)).toHaveLength(1);
      const loser = hubs.find((_hub, at) => urls[at] === null);
      expect(await loser?.ended).toEqual({ code: 1, signal: null });
      await Promise.all(hubs.map((hub) => hub.kill()));
      expect(await (await rig.start()).ready).not.toBeNull();
    } finally {
      await rig.close();
    }
  });
});
