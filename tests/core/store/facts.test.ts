import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type ActivityRow,
  attachActivities,
  insertActivities,
  recentActivities,
} from '../../../core/store/activities.ts';
import { appendAudit } from '../../../core/store/audit.ts';
import { clearDirty, dueDirty, markDirty, putOffDirty } from '../../../core/store/dirty-records.ts';
import { appendConsents, attachConsents, type ConsentRow, saveShadows } from '../../../core/store/history.ts';
import {
  addressesOfPersons,
  loadAddresses,
  loadKeyHolders,
  loadLinks,
  saveAddresses,
  saveKeys,
  saveLinks,
} from '../../../core/store/identity.ts';
import { lockDueRuns, nextResumeMs, type RunRow, runsOfSubjects, saveRuns } from '../../../core/store/runs.ts';
import { newId } from '../../support/inbox-rows.ts';
import { stores, type TestStore } from '../../support/stores.ts';

const NOW = Date.parse('2026-09-01T10:00:00+09:00');
const DAY = 86_400_000;

const activity = (more: Partial<ActivityRow> = {}): ActivityRow => ({
  id: newId(),
  kind: 'page_view',
  direction: 'in',
  occurredAtMs: NOW,
  connection: 'site',
  sourceEventId: newId(),
  personId: null,
  linkId: null,
  subject: '料金',
  body: null,
  channel: 'web',
  durationSec: 12,
  outcome: null,
  metadata: { path: '/pricing', deep: { a: [1, null] } },
  inboxId: null,
  mappingVersion: 'v1',
  ...more,
});

describe.each(await stores())('facts and links on $kind', ({ open }) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());
  afterEach(async () => {
    const tables = [
      'activities',
      'consents',
      'links',
      'source_records',
      'identity_keys',
      'addresses',
      'runs',
      'dirty_records',
      'audit',
    ];
    await store.db.pool.query(tables.map((table) => `delete from "${store.schema}".${table}`).join('; '));
  });

  const tx = <T>(work: Parameters<typeof store.db.transaction<T>>[0]) => store.db.transaction(work);

  describe('activities', () => {
    it('come back as they were written, once per source event and time', async () => {
      const [person, one] = [newId(), activity()];
      const mine = { ...one, personId: person };
      expect(await tx((t) => insertActivities(t, [mine, { ...mine, id: newId() }]))).toEqual(new Set([mine.id]));
      expect(await tx((t) => insertActivities(t, [{ ...mine, id: newId(), body: 'other' }]))).toEqual(new Set());
      expect((await recentActivities(store.db, [person], { sinceMs: 0, limit: 9 })).get(person)).toEqual([mine]);
    });

    it('follow their link to the person it turns out to be, oldest first; those of others stay', async () => {
      const [link, other, person] = [newId(), newId(), newId()];
      const rows = [
        activity({ linkId: link, occurredAtMs: NOW }),
        activity({ linkId: link, occurredAtMs: NOW - DAY }),
        activity({ linkId: other }),
        activity({ linkId: link, personId: newId() }),
      ];
      await tx((t) => insertActivities(t, rows));
      const attached = await tx((t) => attachActivities(t, [{ linkId: link, personId: person }]));
      expect(attached).toEqual([
        { ...rows[1], personId: person },
        { ...rows[0], personId: person },
      ]);
      expect(await tx((t) => attachActivities(t, [{ linkId: link, personId: newId() }]))).toEqual([]);
      expect((await recentActivities(store.db, [person], { sinceMs: NOW - DAY, limit: 9 })).get(person)).toHaveLength(
        2,
      );
    });

    it('are found newest first up to the limit, shown oldest first', async () => {
      const [a, b] = [newId(), newId()];
      await tx((t) =>
        insertActivities(
          t,
          [1, 2, 3, 4].map((day) => activity({ personId: a, occurredAtMs: NOW + day * DAY, sourceEventId: `${day}` })),
        ),
      );
      const found = await recentActivities(store.db, [a, b], { sinceMs: NOW + 2 * DAY, limit: 2 });
      expect(found.get(a)?.map((one) => one.sourceEventId)).toEqual(['3', '4']);
      expect(found.get(b)).toEqual([]);
    });

    it('of any year are kept', async () => {
      const person = newId();
      const years = ['1970-01-01', '2019-12-31', '2026-12-31', '2099-12-31'].map((date) =>
        activity({ personId: person, occurredAtMs: Date.parse(date) }),
      );
      expect((await tx((t) => insertActivities(t, years))).size).toBe(4);
    });
  });

  const consent = (more: Partial<ConsentRow> = {}): ConsentRow => ({
    id: newId(),
    personId: null,
    linkId: null,
    channel: 'email',
    scope: '',
    purpose: 'promotion',
    status: 'granted',
    basis: null,
    at: new Date(NOW).toISOString(),
    source: 'web',
    sourceEventId: newId(),
    connection: 'site',
    evidence: {},
    ...more,
  });

  it('consents are appended once per source event and follow their link', async () => {
    const [link, person] = [newId(), newId()];
    const one = consent({ linkId: link });
    await tx((t) => appendConsents(t, [one, { ...one, id: newId(), status: 'withdrawn' }]));
    await tx((t) => attachConsents(t, [{ linkId: link, personId: person }]));
    const { rows } = await store.db.query('select person_id, status from musubi.consents');
    expect(rows).toEqual([{ person_id: person, status: 'granted' }]);
  });

  describe('links and keys', () => {
    const remote = { connection: 'site', object: 'profiles', remoteId: 'M-1' };
    const link = (entityId: string | null) => ({ id: newId(), ...remote, entityType: 'person' as const, entityId });

    it('a link without an entity gets one; one that has an entity keeps it', async () => {
      const [first, second] = [newId(), newId()];
      const save = (entityId: string | null) => tx((t) => saveLinks(t, [link(entityId)]));
      const entity = async () => (await loadLinks(store.db, [remote])).get('site\nprofiles\nM-1')?.entityId;
      await save(null);
      expect(await entity()).toBeNull();
      await save(first);
      await save(second);
      await save(null);
      expect(await entity()).toBe(first);
    });

    it('a link knows the shadow of its record', async () => {
      await tx((t) => saveLinks(t, [link(newId())]));
      const shadow = {
        ...remote,
        entityType: 'person',
        entityId: newId(),
        version: null,
        modifiedAtMs: NOW,
        hash: 'h',
        fields: { email: 'a@example.jp' },
        isDeleted: false,
        mappingVersion: 'v1',
      };
      await tx((t) => saveShadows(t, [shadow]));
      await tx((t) => saveShadows(t, [{ ...shadow, hash: 'h2', modifiedAtMs: NOW + 1 }]));
      expect((await loadLinks(store.db, [remote])).get('site\nprofiles\nM-1')?.shadow).toMatchObject({
        modifiedAtMs: NOW + 1,
        fields: { email: 'a@example.jp' },
      });
    });

    it('an e-mail may be shared, a member number may not', async () => {
      const [a, b] = [newId(), newId()];
      const keys = (personId: string) => [
        { kind: 'email', value: 'a@example.jp', personId, linkId: null },
        { kind: 'memberNumber', value: 'M-1', personId, linkId: null },
      ];
      await tx((t) => saveKeys(t, keys(a)));
      await tx((t) => saveKeys(t, keys(b)));
      await tx((t) => saveKeys(t, keys(b)));
      const holders = await loadKeyHolders(store.db, [
        { kind: 'email', value: 'a@example.jp' },
        { kind: 'memberNumber', value: 'M-1' },
        { kind: 'phone', value: '+81' },
      ]);
      expect([...holders]).toEqual(
        expect.arrayContaining([
          ['email\na@example.jp', [a, b]],
          ['memberNumber\nM-1', [a]],
        ]),
      );
      expect(holders.size).toBe(2);
    });
  });

  it('an address keeps its person and the follow state of every account', async () => {
    const [a, b] = [newId(), newId()];
    const address = {
      channel: 'line',
      scope: '2000000001',
      id: 'U1',
      personId: a,
      displayName: 'はなこ',
      pictureUrl: null,
      states: { 'line-main': 'following' },
    };
    await tx((t) => saveAddresses(t, [address]));
    await tx((t) =>
      saveAddresses(t, [{ ...address, personId: b, displayName: null, states: { 'line-shop': 'blocked' } }]),
    );
    const expected = { ...address, states: { 'line-main': 'following', 'line-shop': 'blocked' } };
    expect([...(await loadAddresses(store.db, [address])).values()]).toEqual([expected]);
    expect(await addressesOfPersons(store.db, [a, b])).toEqual([expected]);
  });

  const run = (more: Partial<RunRow> = {}): RunRow => ({
    id: newId(),
    rule: 'welcome',
    ruleVersion: 'v1',
    subjectType: 'person',
    subjectId: newId(),
    personId: null,
    cause: 'site:1',
    state: 'waiting',
    position: 'then.1',
    resumeAtMs: NOW,
    vars: { points: 3 },
    reason: null,
    startedAtMs: NOW - DAY,
    endedAtMs: null,
    ...more,
  });

  it('runs come back as they were written, and fall due by the given clock, oldest first', async () => {
    const [later, due, older, done] = [
      run({ resumeAtMs: NOW + 1 }),
      run(),
      run({ resumeAtMs: NOW - 1 }),
      run({ state: 'done', resumeAtMs: null }),
    ];
    await tx((t) => saveRuns(t, [later, due, older, done]));
    expect(await nextResumeMs(store.db)).toBe(NOW - 1);
    expect(await tx((t) => lockDueRuns(t, NOW, 9))).toEqual([older, due]);
    await tx((t) => saveRuns(t, [{ ...older, state: 'done', resumeAtMs: null, endedAtMs: NOW }]));
    expect(await tx((t) => lockDueRuns(t, NOW, 9))).toEqual([due]);
    expect(await runsOfSubjects(store.db, [done.subjectId, later.subjectId], NOW)).toEqual([later]);
    expect(await runsOfSubjects(store.db, [done.subjectId], NOW - DAY)).toEqual([done]);
  });

  it('a record marked again while it was being read stays marked', async () => {
    const record = { connection: 'line-main', object: 'users', id: 'U1' };
    await tx((t) => markDirty(t, [record, record]));
    const due = await dueDirty(store.db, NOW, 9);
    expect(due).toHaveLength(1);
    await tx((t) => markDirty(t, [record]));
    await tx((t) => clearDirty(t, due));
    const again = await dueDirty(store.db, NOW, 9);
    expect(again).toHaveLength(1);
    await putOffDirty(store.db, again, NOW + 1, 'down');
    expect(await dueDirty(store.db, NOW, 9)).toEqual([]);
    const [late] = await dueDirty(store.db, NOW + 1, 9);
    expect(late).toMatchObject({ attempts: 1 });
    await tx((t) => clearDirty(t, late ? [late] : []));
    expect(await dueDirty(store.db, NOW + 1, 9)).toEqual([]);
  });

  it('the audit is a chain: every row names the one before it', async () => {
    const entry = (action: string) => ({ actor: 'operator', action, subject: 's', detail: {} });
    await tx((t) => appendAudit(t, [entry('a'), entry('b')]));
    await Promise.all([tx((t) => appendAudit(t, [entry('c')])), tx((t) => appendAudit(t, [entry('d')]))]);
    const { rows } = await store.db.query<{ prev_hash: string; hash: string }>(
      'select prev_hash, hash from musubi.audit order by seq',
    );
    expect(rows.map((row) => row.prev_hash)).toEqual(['', ...rows.slice(0, -1).map((row) => row.hash)]);
    expect(new Set(rows.map((row) => row.hash)).size).toBe(4);
  });
});
