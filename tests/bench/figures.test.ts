import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId, replyToken, signedRequest } from '../../bench/line-webhook.ts';
import { wholeAnswer } from '../../bench/load/http-connection.ts';
import { parseOptions } from '../../bench/options.ts';
import { lineOf, medianFigures } from '../../bench/report.ts';
import { median, percentile } from '../../bench/statistics.ts';

describe('the figures of a bench', () => {
  it('takes a percentile by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile(hundred, 1)]).toEqual([50, 99, 100]);
    expect(percentile([], 0.99)).toBeNaN();
  });

  it('never gives a median outside the samples', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 }), (samples) => {
        const middle = median(samples);
        expect(middle).toBeGreaterThanOrEqual(Math.min(...samples));
        expect(middle).toBeLessThanOrEqual(Math.max(...samples));
      }),
    );
  });

  it('sets the hub against the others by the medians that are printed beside the ratio', () => {
    const round = (name: string, rate: number) => ({ name, rate, elsewherePercent: 0 });
    const hub = medianFigures('musubi', [round('musubi', 10), round('musubi', 30), round('musubi', 20)]);
    const other = medianFigures('by-hand', [round('by-hand', 40)]);
    const line = lineOf(parseOptions(['intake'], {}), hub, [other], 'rate');
    expect(line).toMatchObject({
      isComparable: true,
      bench: 'intake',
      rate: 20,
      others: [{ name: 'by-hand', rate: 40 }],
      ratioOf: 'rate',
      ratio: { 'by-hand': 0.5 },
    });
  });
});

describe('the webhooks of a bench', () => {
  it('are about as large as LINE’s and all different', () => {
    const target = { host: '127.0.0.1:1', path: '/webhook' };
    const requests = Array.from({ length: 50 }, (_, n) => signedRequest(target, 'S0R1T1', n, 'こんにちは').toString());
    const bodies = requests.map((request) => request.slice(request.indexOf('\r\n\r\n') + 4));
    expect(new Set(bodies.map((body) => JSON.parse(body).events[0].message.id)).size).toBe(50);
    for (const body of bodies) expect(Buffer.byteLength(body)).toSatisfy((size: number) => size > 500 && size < 700);
    expect([eventId('S0R1T1', 7), replyToken('S0R1T1', 7)].map((id) => id.length)).toEqual([26, 32]);
  });
});

describe('an answer', () => {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

  it('counts only when its last byte is in', () => {
    for (let at = 0; at < answer.length; at++) expect(wholeAnswer(Buffer.from(answer.slice(0, at)))).toBe('incomplete');
    expect(wholeAnswer(Buffer.from(answer))).toBe(200);
  });

  it('that says no length, or goes on behind its end, is a fault', () => {
    expect(wholeAnswer(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toBe('unreadable');
    expect(wholeAnswer(Buffer.from(`${answer}more`))).toBe('unreadable');
  });
});
