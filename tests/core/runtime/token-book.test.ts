import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenBook } from '../../../core/runtime/token-book.ts';
import { createToken, revokeToken, type TokenScope, tokenScopes } from '../../../core/store/api-tokens.ts';
import { newId } from '../../support/inbox-rows.ts';
import { stores, type TestStore } from '../../support/stores.ts';

const NOW = Date.parse('2026-10-07T01:00:00Z');

describe.each(await stores())('the book of API tokens on $kind', ({ open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  const make = (scopes: readonly TokenScope[], expiresAtMs: number | null = null) =>
    createToken(store.db, { id: newId(), name: 'test', scopes, expiresAtMs });
  const allowed = (book: Awaited<ReturnType<typeof openTokenBook>>, token: string, nowMs = NOW) =>
    tokenScopes.filter((scope) => book.allows(token, scope, nowMs));

  it('allows a token its own scopes and nothing else; admin allows all', async () => {
    const [viewer, both, admin] = [await make(['viewer']), await make(['viewer', 'events']), await make(['admin'])];
    const book = await openTokenBook(store.db);
    expect(allowed(book, viewer)).toEqual(['viewer']);
    expect(allowed(book, both)).toEqual(['events', 'viewer']);
    expect(allowed(book, admin)).toEqual([...tokenScopes]);
  });

  it('allows what is not a token nothing', async () => {
    const token = await make(['admin']);
    const book = await openTokenBook(store.db);
    const { rows } = await store.db.query<{ hash: string; prefix: string }>(
      'select hash, prefix from musubi.api_tokens',
    );
    const others = ['', ' ', `${token} `, token.slice(0, -1), token.toUpperCase(), 'musubi_invented'];
    for (const no of [...others, ...rows.flatMap((row) => [row.hash, row.prefix])])
      expect(allowed(book, no)).toEqual([]);
  });

  it('allows a token until the instant it expires', async () => {
    const token = await make(['viewer'], NOW);
    const book = await openTokenBook(store.db);
    expect(allowed(book, token, NOW - 1)).toEqual(['viewer']);
    expect(allowed(book, token, NOW)).toEqual([]);
  });

  it('knows a new token and forgets a revoked one with the next refresh', async () => {
    const book = await openTokenBook(store.db);
    const token = await make(['viewer']);
    expect(allowed(book, token)).toEqual([]);
    await book.refresh();
    expect(allowed(book, token)).toEqual(['viewer']);
    expect(await revokeToken(store.db, token.slice(0, 13))).toBe(1);
    await book.refresh();
    expect(allowed(book, token)).toEqual([]);
  });

  it('keeps what it knew when the store does not answer', async () => {
    const token = await make(['viewer']);
    let isDown = false;
    const query: typeof store.db.query = (text, params) =>
      isDown ? Promise.reject(new Error('down')) : store.db.query(text, params);
    const book = await openTokenBook({ query });
    isDown = true;
    await expect(book.refresh()).rejects.toThrow('down');
    expect(allowed(book, token)).toEqual(['viewer']);
  });
});
