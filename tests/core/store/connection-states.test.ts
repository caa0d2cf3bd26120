import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectionStates, noteConnectionError, noteConnectionOk } from '../../../core/store/connection-states.ts';
import { stores, type TestStore } from '../../support/stores.ts';

describe.each(await stores())('how connections do, on $kind', ({ open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  afterEach(() => store.db.query('delete from musubi.connection_states'));

  const shown = async () =>
    (await connectionStates(store.db)).map(({ connection, state, lastError }) => ({ connection, state, lastError }));

  it('knows nothing of connections that were never used', async () => {
    await noteConnectionOk(store.db, []);
    expect(await connectionStates(store.db)).toEqual([]);
  });

  it('is ok after a call went well, for all of them at once', async () => {
    await noteConnectionOk(store.db, ['slack', 'line-main']);
    expect(await shown()).toEqual([
      { connection: 'line-main', state: 'ok', lastError: null },
      { connection: 'slack', state: 'ok', lastError: null },
    ]);
    for (const one of await connectionStates(store.db)) expect(one.lastOkAt).toBeInstanceOf(Date);
  });

  it.each(['resting', 'needs_reauth'] as const)(
    'is %s after a call failed, with the last error and its time',
    async (state) => {
      await noteConnectionOk(store.db, ['slack']);
      await noteConnectionError(store.db, 'slack', 'resting', 'first');
      await noteConnectionError(store.db, 'slack', state, 'second');
      expect(await shown()).toEqual([{ connection: 'slack', state, lastError: 'second' }]);
      const [one] = await connectionStates(store.db);
      expect(one?.lastErrorAt).toBeInstanceOf(Date);
      expect(one?.lastOkAt).toBeInstanceOf(Date);
    },
  );

  it('is ok again after the next call that went well; the last error stays to be read', async () => {
    await noteConnectionError(store.db, 'slack', 'needs_reauth', '[slack] token revoked');
    await noteConnectionOk(store.db, ['slack']);
    expect(await shown()).toEqual([{ connection: 'slack', state: 'ok', lastError: '[slack] token revoked' }]);
  });

  it('is noted by several processes at once', async () => {
    await Promise.all([
      noteConnectionOk(store.db, ['a', 'b']),
      noteConnectionOk(store.db, ['a', 'b']),
      noteConnectionError(store.db, 'c', 'resting', 'x'),
    ]);
    expect((await shown()).map((one) => one.connection)).toEqual(['a', 'b', 'c']);
  });
});
