import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ContractSample, type ParsedEvent, RejectedError, type SplitResult, settingsMarked } from '#sdk';
import { connectors, hasFile, isDone, mappingFile } from './support/connectors.ts';
import { hostileBodies } from './support/hostile-bodies.ts';
import { NOW_MS, type Receiver, rawOf, receiverOf, requestOf } from './support/requests.ts';

const RUNS = 10_000;
const receiving = connectors.filter(({ fixture }) => fixture.webhook !== undefined);

describe.each(receiving.map((folder) => [folder.id, folder] as const))('what connectors/%s receives', (id, folder) => {
  const samples = folder.fixture.webhook?.samples ?? [];
  const stored = samples.filter(({ events }) => events > 0);
  const splitOf = (receiver: Receiver, sample: ContractSample, nowMs = NOW_MS): SplitResult => {
    const raw = rawOf(sample);
    const request = requestOf(receiver, sample, raw, receiver.sign(raw, {}, nowMs));
    return receiver.verdict(request) === 'respond' ? { events: [] } : receiver.split(request, nowMs);
  };
  const parsedOf = (receiver: Receiver, sample: ContractSample): ParsedEvent[] =>
    splitOf(receiver, sample).events.map(receiver.parse);

  it.each(samples.map((sample) => [sample.name, sample] as const))('reads the sample: %s', async (_name, sample) => {
    const receiver = await receiverOf(folder);
    const { events } = splitOf(receiver, sample);
    expect(events).toHaveLength(sample.events);
    for (const event of events) {
      expect(event.dedupKey).not.toBe('');
      expect(event.recordKey).not.toBe('');
      expect(event.occurredAtMs).toBeGreaterThan(0);
      expect(JSON.parse(JSON.stringify(event.payload))).toEqual(event.payload);
    }
    const parsed = parsedOf(receiver, sample);
    const records = parsed.flatMap((one) => one.records ?? []);
    if (sample.objects) expect(records.map(({ object }) => object)).toEqual(sample.objects);
    if (sample.signals)
      expect(parsed.flatMap((one) => one.signals ?? []).map(({ name }) => name)).toEqual(sample.signals);
    for (const record of records) {
      expect(record.id).not.toBe('');
      expect(record.modifiedAtMs).toBeGreaterThan(0);
      expect(JSON.parse(JSON.stringify(record.data))).toEqual(record.data);
    }
  });

  it.runIf(isDone(folder, 'dedup'))('gives a delivery the same keys when it comes again an hour later', async () => {
    const receiver = await receiverOf(folder);
    const keysOf = (sample: ContractSample, nowMs: number) =>
      splitOf(receiver, sample, nowMs).events.map(({ dedupKey, recordKey }) => [dedupKey, recordKey]);
    const laterMs = folder.fixture.webhook?.windowSeconds === undefined ? NOW_MS + 3_600_000 : NOW_MS + 60_000;
    for (const sample of stored) expect(keysOf(sample, laterMs)).toEqual(keysOf(sample, NOW_MS));
  });

  it.runIf(isDone(folder, 'dedup'))('gives different events different keys', async () => {
    const receiver = await receiverOf(folder);
    const keys = stored.flatMap((sample) => splitOf(receiver, sample).events.map(({ dedupKey }) => dedupKey));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.runIf(isDone(folder, 'mappings'))('has a mapping with tests for every object it names', async () => {
    const receiver = await receiverOf(folder);
    const all = samples.flatMap((sample) => parsedOf(receiver, sample));
    const named = all.flatMap(({ records = [], dirty = [] }) => [...records, ...dirty].map(({ object }) => object));
    for (const object of new Set(named)) {
      const file = mappingFile(id, object);
      expect([object, hasFile(file)]).toEqual([object, true]);
      const mapping = parse(readFileSync(file, 'utf8')) as { object: string; tests?: unknown[] };
      expect([object, mapping.object, (mapping.tests ?? []).length > 0]).toEqual([object, object, true]);
    }
  });

  it.runIf(isDone(folder, 'hostile_bodies'))(
    `meets ${RUNS} signed broken bodies with nothing but RejectedError`,
    { timeout: 300_000 },
    async () => {
      const receiver = await receiverOf(folder);
      const secrets = settingsMarked(folder.definition.config, 'secret').map((name) => folder.fixture.settings[name]);
      const tookMs: number[] = [];
      fc.assert(
        fc.property(hostileBodies(samples), ({ sample, raw }) => {
          const request = requestOf(receiver, sample, raw, receiver.sign(raw));
          const startedMs = performance.now();
          const complaint = read(receiver, request);
          tookMs.push(performance.now() - startedMs);
          for (const secret of secrets) expect(complaint).not.toContain(secret ?? 'no such setting');
        }),
        { numRuns: RUNS },
      );
      const [p99 = 0] = tookMs.toSorted((a, b) => a - b).slice(Math.floor(tookMs.length * 0.99));
      expect(p99).toBeLessThan(50);
    },
  );
});

/** Takes one request the whole way; returns what was complained about. Anything but a RejectedError flies on. */
function read(receiver: Receiver, request: Parameters<Receiver['split']>[0]): string {
  if (receiver.verdict(request) !== 'accept') return '';
  const complaints: string[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      complaints.push(`${error.message} ${error.code} ${error.detail ?? ''}`);
      return undefined;
    }
  };
  const split = attempt(() => receiver.split(request));
  if ((split?.reply?.status ?? 200) >= 400) expect(split?.events).toEqual([]);
  for (const event of split?.events ?? []) {
    expect(event.dedupKey.length * event.recordKey.length).toBeGreaterThan(0);
    expect(Number.isFinite(event.occurredAtMs)).toBe(true);
    for (const record of attempt(() => receiver.parse(event))?.records ?? []) {
      expect(record.id.length).toBeGreaterThan(0);
      expect(Number.isFinite(record.modifiedAtMs)).toBe(true);
    }
  }
  return complaints.join('\n');
}
