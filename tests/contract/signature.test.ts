import { describe, expect, it } from 'vitest';
import { connectors, isDone } from './support/connectors.ts';
import { NOW_MS, type Receiver, rawOf, receiverOf, requestOf } from './support/requests.ts';

const receiving = connectors.filter(({ fixture }) => fixture.webhook !== undefined);

describe.each(receiving.map((folder) => [folder.id, folder] as const))(
  'the webhook of connectors/%s',
  (_id, folder) => {
    const contract = folder.fixture.webhook;
    const [sample] = contract?.samples ?? [];
    const itDone = it.runIf(isDone(folder, 'signature'));
    const itTimed = it.runIf(isDone(folder, 'signed_time'));
    const verdictWith = (receiver: Receiver, proof: Readonly<Record<string, string>>, raw: Buffer) =>
      receiver.verdict(requestOf(receiver, sample, raw, proof));
    const genuine = async () => {
      const receiver = await receiverOf(folder);
      if (!sample) throw new Error('a webhook needs samples');
      const raw = rawOf(sample);
      return { receiver, raw, proof: receiver.sign(raw) };
    };

    it('has samples, each under a name of its own', () => {
      const names = contract?.samples.map(({ name }) => name) ?? [];
      expect(names.length).toBeGreaterThan(0);
      expect(new Set(names).size).toBe(names.length);
    });

    itDone('lets every genuine sample in', async () => {
      const receiver = await receiverOf(folder);
      for (const one of contract?.samples ?? []) {
        const raw = rawOf(one);
        const verdict = receiver.verdict(requestOf(receiver, one, raw, receiver.sign(raw)));
        expect([one.name, verdict]).not.toEqual([one.name, 'reject']);
      }
    });

    it.runIf(contract?.signs === 'body' && isDone(folder, 'signature'))(
      'refuses a body altered by one byte, wherever it is',
      async () => {
        const { receiver, raw, proof } = await genuine();
        const step = Math.max(1, Math.floor(raw.length / 300));
        for (let at = 0; at < raw.length; at += step) {
          const altered = Buffer.from(raw);
          altered[at] = (altered[at] ?? 0) ^ 1;
          expect([at, verdictWith(receiver, proof, altered)]).toEqual([at, 'reject']);
        }
        expect(verdictWith(receiver, proof, Buffer.concat([raw, Buffer.from(' ')]))).toBe('reject');
        expect(verdictWith(receiver, proof, Buffer.alloc(0))).toBe('reject');
      },
    );

    itDone('refuses a request of another connection, whose secret differs', async () => {
      const { receiver, raw } = await genuine();
      expect(contract?.secrets.length).toBeGreaterThan(0);
      for (const name of contract?.secrets ?? []) {
        const proof = receiver.sign(raw, { [name]: 'another-secret-of-theirs' });
        expect([name, verdictWith(receiver, proof, raw)]).toEqual([name, 'reject']);
      }
    });

    itDone('refuses a request whose proof is missing or damaged', async () => {
      const { receiver, raw, proof } = await genuine();
      expect(verdictWith(receiver, {}, raw)).toBe('reject');
      for (const [header, value] of Object.entries(proof)) {
        const { [header]: _, ...without } = proof;
        expect([header, 'missing', verdictWith(receiver, without, raw)]).toEqual([header, 'missing', 'reject']);
        for (const damaged of damagedFrom(value)) {
          const verdict = verdictWith(receiver, { ...proof, [header]: damaged }, raw);
          expect([header, damaged, verdict]).toEqual([header, damaged, 'reject']);
        }
      }
    });

    itTimed('refuses a stale and a future time, and takes a fresh one', async () => {
      const { receiver, raw } = await genuine();
      const windowMs = (contract?.windowSeconds ?? 0) * 1000;
      const verdictAt = (offsetMs: number) => verdictWith(receiver, receiver.sign(raw, {}, NOW_MS + offsetMs), raw);
      expect([-windowMs - 1000, windowMs + 1000, -86_400_000, 3_600_000].map(verdictAt)).toEqual(
        Array(4).fill('reject'),
      );
      expect([-windowMs + 1000, 0, windowMs - 1000].map(verdictAt)).not.toContain('reject');
    });
  },
);

const damagedFrom = (value: string) => [
  '',
  ' ',
  value.slice(0, Math.floor(value.length / 2)),
  value.slice(0, -1),
  `${value}x`,
  `${value},${value}`,
  value.slice(0, -4) + value.slice(-4).split('').toReversed().join('').concat('0'),
  'null',
];
