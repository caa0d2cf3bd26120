import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import alert from '../../../connectors/slack/actions/alert.ts';
import { clip, escapeText, splitText } from '../../../connectors/slack/mrkdwn.ts';

const HOSTILE = [
  '<!channel>',
  '<!here|here>',
  '<!everyone>',
  '<!subteam^S0TEAM|@sales>',
  '<@U0TANAKA01>',
  '<#C0CSURGENT|general>',
  '<http://evil.example|https://bank.example.co.jp>',
  '<mailto:x@example.com|x>',
  '<!date^1392734382^{date}|x>',
  '*bold*',
  '＊太字＊',
  '_italic_',
  '＿斜体＿',
  '~gone~',
  '`code`',
  '｀code｀',
  '```\nblock\n```',
  '> quote',
  '＞ 引用',
  ':tada:',
  '\u202Eevil\u202C',
  '&lt;!channel&gt;',
  '株式会社*_~`<&>',
];

describe('a value from data in a Slack text', () => {
  it('fires no mention, no link and no formatting, alone or inside a template (corpus C8, 500 and more)', () => {
    const mixed = fc.array(fc.constantFrom(...HOSTILE, 'あ', 'a1', ' ', '\n', '…'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(mixed, (parts) => {
        const shown = `${escapeText(parts.join(''))}`;
        expect(shown).not.toMatch(/[<>]/);
        expect(shown).not.toMatch(/&(?!amp;|lt;|gt;)/);
        expect(shown).not.toMatch(ACTIVE_MARKER);
        expect(shown).not.toMatch(/[`｀\u202A-\u202E]/);
        expect(shown).not.toMatch(/^[^\S\n]*(&gt;|＞)/m);
        expect(shown).not.toMatch(/(?<![\p{L}\p{N}]):[\p{L}\p{N}_+'-]+:/u);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads as it did', () => {
    const readable = [
      '山田 太郎',
      'taro_yamada@example.co.jp',
      '10:30:00〜12:00',
      '3*4=12',
      'A社/B社 (担当)',
      '50% OFF!',
    ];
    for (const text of readable) expect(escapeText(text)).toBe(text);
    expect(escapeText('R&D <東京>')).toBe('R&amp;D &lt;東京&gt;');
    expect(escapeText('*至急*')).toBe('∗至急∗');
  });

  it('cannot be un-escaped by being escaped already', () => {
    expect(escapeText('&lt;!channel&gt;')).toBe('&amp;lt;!channel&amp;gt;');
  });

  it('takes any text, and never leaves a lone surrogate', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text).isWellFormed()).toBe(true);
      }),
    );
    expect(escapeText('a\uD83Eb')).toBe('ab');
  });

  it('takes a long hostile value in no time', () => {
    const startedMs = performance.now();
    for (const unit of ['*', 'a*', ':', ':a', '`', '\n>', ' >', '&', '𠮷_']) escapeText(`a${unit.repeat(50_000)}b`);
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });

  it('is what the actions give to core', () => {
    expect(alert.escape('<!channel>')).toBe('&lt;!channel&gt;');
  });
});

describe('a long text', () => {
  it('is cut into pieces that fit, at line ends, with nothing lost but blanks', () => {
    const text = Array.from({ length: 400 }, (_, index) => `${index} 行目の文です`).join('\n');
    const pieces = splitText(text, 3000);
    expect(pieces.length).toBeGreaterThan(1);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(3000);
    expect(pieces.join('\n')).toBe(text);
  });

  it('is never cut inside an entity, a link or an emoji', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('&amp;', '<https://example.com|開く>', '🎉', 'あ', 'x'), {
          minLength: 80,
          maxLength: 200,
        }),
        fc.integer({ min: 60, max: 90 }),
        (parts, max) => {
          for (const piece of [...splitText(parts.join(''), max), clip(parts.join(''), max)]) {
            expect(piece.length).toBeLessThanOrEqual(max);
            expect(piece.isWellFormed()).toBe(true);
            expect(piece.replaceAll('&amp;', '').replaceAll('<https://example.com|開く>', '')).not.toMatch(/[&<>;|]/);
          }
        },
      ),
    );
  });
});

/** A marker at the edge of a word: only there does Slack format. */
const ACTIVE_MARKER = /(?<![\p{L}\p{N}*_~＊＿])[*_~＊＿]|[*_~＊＿](?![\p{L}\p{N}*_~＊＿])/u;
