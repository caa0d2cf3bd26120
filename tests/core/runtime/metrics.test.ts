import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../core/runtime/metrics.ts';

const samples = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('the metrics of a hub', () => {
  it('say what each number is, in the text form Prometheus reads', async () => {
    const text = await createMetrics().text();
    const [helps, types] = ['HELP', 'TYPE'].map((word) =>
      [...text.matchAll(new RegExp(`^# ${word} (\\S+) (.+)$`, 'gm'))].map((found) => [found[1], found[2]]),
    );
    expect(types).toEqual([
      ['musubi_webhooks_total', 'counter'],
      ['musubi_duplicate_events_total', 'counter'],
      ['musubi_differing_bodies_total', 'counter'],
      ['musubi_effects_total', 'counter'],
      ['musubi_faults_total', 'counter'],
      ['musubi_inbox_pending', 'gauge'],
      ['musubi_inbox_oldest_seconds', 'gauge'],
    ]);
    expect(helps?.map(([name]) => name)).toEqual(types?.map(([name]) => name));
    expect(text.endsWith('\n')).toBe(true);
  });

  it('count what happened', async () => {
    const metrics = createMetrics();
    metrics.webhook('line-main', 'stored');
    metrics.webhook('line-main', 'stored');
    metrics.webhook('site', 'rejected');
    metrics.duplicate('line-main', 3);
    metrics.differingBody('site', 1);
    metrics.effect('slack', 'confirmed');
    metrics.inbox(7, 1.5);
    metrics.inbox(4, 0.5);
    expect(samples(await metrics.text())).toEqual([
      'musubi_webhooks_total{connection="line-main",result="stored"} 2',
      'musubi_webhooks_total{connection="site",result="rejected"} 1',
      'musubi_duplicate_events_total{connection="line-main"} 3',
      'musubi_differing_bodies_total{connection="site"} 1',
      'musubi_effects_total{connection="slack",state="confirmed"} 1',
      'musubi_inbox_pending 4',
      'musubi_inbox_oldest_seconds 0.5',
    ]);
  });

  it('do not grow with the rows that fail: numbers are left out of a place', async () => {
    const metrics = createMetrics();
    for (let row = 0; row < 1_000; row++) metrics.fault(`inbox row ${row}`);
    metrics.fault('x'.repeat(500));
    const places = samples(await metrics.text()).filter((line) => line.startsWith('musubi_faults_total'));
    expect(places).toEqual([
      'musubi_faults_total{where="inbox row n"} 1000',
      `musubi_faults_total{where="${'x'.repeat(60)}"} 1`,
    ]);
  });

  it('keep odd names inside their label', async () => {
    const metrics = createMetrics();
    metrics.effect('a"b\\c\nd', 'dead');
    expect(samples(await metrics.text())).toContain('musubi_effects_total{connection="a\\"b\\\\c\\nd",state="dead"} 1');
  });

  it('of two hubs in one process are apart', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.effect('slack', 'confirmed');
    expect(await other.text()).not.toContain('slack');
  });
});
