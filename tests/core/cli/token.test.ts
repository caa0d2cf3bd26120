import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiToken, listApiTokens, revokeApiToken, tokenOptions } from '../../../core/cli/token.ts';
import type { StoreAtHand } from '../../../core/cli/with-store.ts';
import { openTokenBook } from '../../../core/runtime/token-book.ts';
import { stores, type TestStore } from '../../support/stores.ts';
import { capturedTerminal } from './captured-terminal.ts';

const DAY_MS = 86_400_000;

describe.each(await stores())('musubi token on $kind', ({ open }) => {
  let store: TestStore;
  let at: StoreAtHand;
  const terminal = capturedTerminal();
  beforeAll(async () => {
    store = await open();
    at = { ...store, folder: '.', timeText: (ms) => new Date(ms).toISOString() };
  });
  afterAll(() => store.close());

  it('prints a new token alone on standard output, and a running hub takes it', async () => {
    const book = await openTokenBook(store.db);
    const now = Date.now();
    await createApiToken(at, terminal, tokenOptions('dashboard', ['viewer', 'events', 'viewer'], '90d', now));
    const token = terminal.takeOut().trim();
    expect(token).toMatch(/^musubi_[\w-]{43}$/);
    expect(terminal.takeError()).toContain('dashboard (viewer, events), valid until');
    await book.refresh();
    expect(book.allows(token, 'events', now)).toBe(true);
    expect(book.allows(token, 'operator', now)).toBe(false);
    expect(book.allows(token, 'viewer', now + 91 * DAY_MS)).toBe(false);
  });

  it('lists how tokens begin, never the tokens; a revoked one is refused', async () => {
    await createApiToken(at, terminal, tokenOptions('ci', ['admin'], 'never', Date.now()));
    const token = terminal.takeOut().trim();
    await listApiTokens(at, terminal);
    const listed = terminal.takeOut();
    expect(listed).toContain('ci  [admin]  valid for ever  last used never');
    expect(listed).not.toContain(token);
    await revokeApiToken(at, terminal, `${token.slice(0, 13)}…`);
    terminal.takeOut();
    await listApiTokens(at, terminal);
    expect(terminal.takeOut()).toMatch(/ci {2}\[admin\] {2}revoked /);
    const book = await openTokenBook(store.db);
    expect(book.allows(token, 'viewer', Date.now())).toBe(false);
    await expect(revokeApiToken(at, terminal, 'musubi_nobody')).rejects.toMatchObject({ code: 'token_unknown' });
  });

  it('leaves an audit row that holds no token', async () => {
    const { rows } = await store.db.query('select actor, action, detail from musubi.audit order by seq');
    expect(rows.map(({ action }) => action)).toEqual(['token:create', 'token:create', 'token:revoke']);
    expect(JSON.stringify(rows)).not.toMatch(/musubi_[\w-]{20}/);
  });

  it('says which scopes and durations there are', () => {
    expect(() => tokenOptions('x', ['view'], '90d', 0)).toThrow('did you mean "viewer"?');
    expect(() => tokenOptions('x', ['viewer'], '90', 0)).toThrow('write 12h, 90d, 52w or never');
  });
});
