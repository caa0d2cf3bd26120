import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#sdk';
import { pageView, recordsOf } from './support.ts';

const at = '2026-09-01T10:00:00+09:00';
const modifiedAtMs = Date.parse(at);

describe('an act on the site', () => {
  it('becomes an activity of the web channel that came in', () => {
    expect(recordsOf(pageView('pv-1', { properties: { path: '/pricing', title: '料金' } }))).toEqual([
      {
        object: 'events',
        id: 'pv-1',
        modifiedAtMs,
        data: {
          anonymousId: 'visitor-1',
          kind: 'page_view',
          at,
          channel: 'web',
          direction: 'in',
          properties: { path: '/pricing', title: '料金' },
        },
      },
    ]);
  });

  it('takes the path from the address of the page when only that is sent', () => {
    const path = (properties: object) => recordsOf(pageView('a', { properties }))[0]?.data.properties;
    expect(path({ url: 'https://www.example.co.jp/faq/cancel?x=1#top' })).toMatchObject({ path: '/faq/cancel' });
    expect(path({ url: 'https://www.example.co.jp/faq', path: '/qa' })).toMatchObject({ path: '/qa' });
    expect(path({ url: 'not an address' })).toEqual({ url: 'not an address' });
  });

  it('may be of another channel and direction, and of a kind of one’s own', () => {
    const [record] = recordsOf({
      id: 'b-1',
      kind: 'brochure_sent',
      at,
      memberNumber: '0012',
      properties: { channel: 'brochure', direction: 'out' },
    });
    expect(record?.data).toMatchObject({ kind: 'brochure_sent', channel: 'brochure', direction: 'out' });
  });

  it('stays an activity when it is a purchase', () => {
    const [record] = recordsOf({ id: 'p-1', kind: 'purchase', at, email: 'a@example.jp', properties: { total: 1200 } });
    expect(record).toMatchObject({ object: 'events', id: 'p-1', data: { kind: 'purchase' } });
  });
});

describe('identify', () => {
  const identify = (more: JsonObject) => recordsOf({ id: 'i-1', kind: 'identify', at, ...more });

  it('becomes one profile that carries the browser with it, and no activity', () => {
    expect(
      identify({ anonymousId: 'visitor-1', email: 'Hanako@Example.co.jp', properties: { lastName: '佐藤' } }),
    ).toEqual([
      {
        object: 'profiles',
        id: 'hanako@example.co.jp',
        modifiedAtMs,
        data: { anonymousId: 'visitor-1', email: 'Hanako@Example.co.jp', properties: { lastName: '佐藤' } },
      },
    ]);
  });

  it('is named by the member number before the address before the browser', () => {
    const idOf = (more: JsonObject) => identify(more)[0]?.id;
    expect(idOf({ memberNumber: '0012', email: 'a@example.jp', anonymousId: 'v' })).toBe('0012');
    expect(idOf({ email: ' Ａ@example.jp', anonymousId: 'v' })).toBe('a@example.jp');
    expect(idOf({ anonymousId: 'v' })).toBe('v');
  });
});

describe('consent', () => {
  const consent = (properties: JsonObject) =>
    recordsOf({ id: 'c-1', kind: 'consent', at, memberNumber: '0012', properties });

  it('keeps wording, page and time as its evidence', () => {
    const given = {
      channel: 'email',
      status: 'granted',
      purpose: 'news',
      wording: '受信に同意します',
      url: 'https://www.example.co.jp/mail',
    };
    expect(consent(given)).toEqual([
      {
        object: 'consents',
        id: 'c-1',
        modifiedAtMs,
        data: {
          memberNumber: '0012',
          channel: 'email',
          status: 'granted',
          purpose: 'news',
          at,
          evidence: { wording: given.wording, url: given.url, at, interactive: true },
        },
      },
    ]);
  });

  it('claims no evidence that was not sent', () => {
    expect(consent({ channel: 'line', status: 'withdrawn' })[0]?.data.evidence).toEqual({ at, interactive: true });
  });
});
