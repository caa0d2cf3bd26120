import { openClock } from '../runtime/clock.ts';
import { type ConnectionState, connectionStates } from '../store/connection-states.ts';
import { countStore, type StoreCounts } from '../store/counts.ts';
import { nextDueMs } from '../store/effects.ts';
import { inboxCounts, inboxDepth } from '../store/inbox.ts';
import { nextResumeMs } from '../store/runs.ts';
import type { CommandContext } from './command-context.ts';
import { readWorkspace } from './read-workspace.ts';
import type { Terminal } from './terminal.ts';
import type { StoreAtHand } from './with-store.ts';

interface ConnectionStatus extends Omit<ConnectionState, 'state'> {
  /** null: nothing was sent or read yet. */
  readonly state: ConnectionState['state'] | null;
  /** null: musubi.yaml does not name it any more. */
  readonly connector: string | null;
}

interface Status extends StoreCounts {
  readonly store: 'postgres' | 'pglite';
  /** Where the workspace clock stands when it is set; null: real time. */
  readonly clockMs: number | null;
  readonly inbox: Readonly<Record<string, number>>;
  readonly oldestSeconds: number;
  readonly nextEffectMs: number | null;
  readonly nextRunMs: number | null;
  readonly connections: readonly ConnectionStatus[];
}

/** Connection → connector. */
export type ConnectorsInUse = ReadonlyMap<string, string>;

/** Of a workspace that can be read; with problems in it the store still has something to say. */
export async function connectorsInUse(context: CommandContext): Promise<ConnectorsInUse> {
  const { workspace } = await readWorkspace(context);
  return new Map(Object.values(workspace?.connections ?? {}).map(({ name, connector }) => [name, connector]));
}

/** `musubi status [--json]`: what waits, what failed, how the connections do. */
export async function status(
  store: StoreAtHand,
  terminal: Terminal,
  { connectors, isJson }: { readonly connectors: ConnectorsInUse; readonly isJson: boolean },
): Promise<number> {
  const found = await readStatus(store, connectors);
  if (isJson) terminal.print(JSON.stringify(found, null, 2));
  else show(found, store, terminal);
  return 0;
}

async function readStatus({ db, kind }: StoreAtHand, connectors: ConnectorsInUse): Promise<Status> {
  const clock = await openClock(db);
  const known = new Map((await connectionStates(db)).map((one) => [one.connection, one]));
  const names = [...new Set([...connectors.keys(), ...known.keys()])];
  const silent = { state: null, lastError: null, lastErrorAt: null, lastOkAt: null } as const;
  return {
    store: kind,
    clockMs: clock.isSet() ? clock.nowMs() : null,
    inbox: await inboxCounts(db),
    oldestSeconds: (await inboxDepth(db)).oldestSeconds,
    nextEffectMs: await nextDueMs(db),
    nextRunMs: await nextResumeMs(db),
    ...(await countStore(db)),
    connections: names.map((connection) => ({
      ...silent,
      connection,
      ...known.get(connection),
      connector: connectors.get(connection) ?? null,
    })),
  };
}

function show(found: Status, { timeText }: StoreAtHand, { print, pick }: Terminal): void {
  const counts = (byState: Readonly<Record<string, number>>) =>
    Object.entries(byState)
      .map(([state, n]) => `${state} ${n}`)
      .join(', ') || '0';
  const next = (ms: number | null) => (ms === null ? '' : pick(`（次は ${timeText(ms)}）`, ` (next ${timeText(ms)})`));
  const oldest =
    found.oldestSeconds > 0
      ? pick(
          `（最も古い待ち ${Math.round(found.oldestSeconds)}秒）`,
          ` (oldest waits ${Math.round(found.oldestSeconds)} s)`,
        )
      : '';
  print(`${pick('保存先', 'store')}  ${found.store}`);
  if (found.clockMs !== null) print(`${pick('時計', 'clock')}  ${pick('設定値', 'set to')} ${timeText(found.clockMs)}`);
  print(`${pick('人物', 'persons')}  ${found.persons}`);
  print(`${pick('受信', 'inbox')}  ${counts(found.inbox)}${oldest}`);
  print(`${pick('送信', 'effects')}  ${counts(found.effects)}${next(found.nextEffectMs)}`);
  print(`${pick('実行', 'runs')}  ${counts(found.runs)}${next(found.nextRunMs)}`);
  if (found.dirtyRecords > 0) print(`${pick('再取得待ち', 'to be read again')}  ${found.dirtyRecords}`);
  if (found.openReviews > 0) print(`${pick('名寄せの確認待ち', 'identity reviews')}  ${found.openReviews}`);
  print(pick('接続', 'connections'));
  for (const { connection, connector, state, lastOkAt, lastError, lastErrorAt } of found.connections) {
    const ok = lastOkAt === null ? '' : `  ${pick('最終成功', 'last ok')} ${timeText(lastOkAt.getTime())}`;
    const failed =
      state === 'ok' || lastErrorAt === null ? '' : `  ${timeText(lastErrorAt.getTime())} ${lastError ?? ''}`;
    const gone = connector === null ? pick('musubi.yaml にありません', 'not in musubi.yaml') : connector;
    print(`  ${connection} (${gone})  ${state ?? pick('まだ使われていません', 'not used yet')}${ok}${failed}`);
  }
}
