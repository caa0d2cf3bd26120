import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createIdSource, isUuid, timeOfId, uuidv5 } from '../../../core/model/id.ts';

const UUIDV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

it('ids of one source ascend, whatever the clock does and however many a millisecond has', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1_790_000_000_000, max: 1_790_000_000_003 }), { maxLength: 300 }),
      (times) => {
        const next = createIdSource();
        const ids = times.map(next);
        expect(ids).toEqual([...ids].sort());
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(id).toMatch(UUIDV7);
      },
    ),
  );
});

it('ten thousand ids of one millisecond are distinct and ascend', () => {
  const next = createIdSource((size) => new Uint8Array(size).fill(255));
  const ids = Array.from({ length: 10_000 }, () => next(1_790_000_000_000));
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
});

it('an id tells when it was made', () => {
  const id = createIdSource()(1_788_220_800_123);
  expect(timeOfId(id)).toBe(1_788_220_800_123);
  expect(timeOfId('no id')).toBeUndefined();
  expect(timeOfId(uuidv5(id, 'x'))).toBeUndefined();
});

it('two sources give different ids for one instant', () => {
  expect(createIdSource()(0)).not.toBe(createIdSource()(0));
});

it('a derived id is the one the RFC derives', () => {
  // RFC 9562 appendix A.4: DNS namespace, www.example.com.
  expect(uuidv5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
    '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  );
  expect(() => uuidv5('dns', 'x')).toThrow(RangeError);
});

it('derived ids depend on namespace and name only', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string(), fc.string(), (namespace, a, b) => {
      expect(uuidv5(namespace, a)).toBe(uuidv5(namespace.toUpperCase(), a));
      const isSame = createHash('sha1').update(a).digest('hex') === createHash('sha1').update(b).digest('hex');
      expect(uuidv5(namespace, a) === uuidv5(namespace, b)).toBe(isSame);
      expect(isUuid(uuidv5(namespace, a))).toBe(true);
    }),
  );
});
