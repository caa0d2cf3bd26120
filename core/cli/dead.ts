import { isUuid } from '../model/id.ts';
import { openClock } from '../runtime/clock.ts';
import { ConfigError } from '../sdk/errors.ts';
import { appendAudit } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import { countDeadLetters, type DeadLetter, deadLetters, reviveLetters } from '../store/dead-letters.ts';
import { plainReason, riskOf } from './dead-reasons.ts';
import type { Terminal } from './terminal.ts';
import { showEvent } from './why-event.ts';
import { showSend } from './why-send.ts';
import type { StoreAtHand } from './with-store.ts';

/** Shown of each code; `--code` shows many of one. */
const EXAMPLES = 5;
const MOST_SHOWN = 1_000;
const MOST_RETRIED = 1_000_000;
/** Audit rows are written one by one: a transaction stays within the store's limits. */
const BATCH = 200;

/** `musubi dead list [--code x]`: what is dead or unknown, by code with plain reasons. */
export async function listDead(
  store: StoreAtHand,
  terminal: Terminal,
  { code }: { readonly code?: string | undefined },
): Promise<number> {
  const counts = (await countDeadLetters(store.db)).filter((one) => code === undefined || one.code === code);
  if (counts.length === 0) terminal.say('未処理の失敗はありません。', 'Nothing is dead.');
  for (const group of counts) {
    const limit = code === undefined ? EXAMPLES : MOST_SHOWN;
    const letters = await deadLetters(store.db, { code: group.code, limit });
    terminal.print(`${group.code}  ${terminal.pick(`${group.count}件`, String(group.count))}`);
    terminal.print(`  ${plainReason(group.code, letters[0]?.reason ?? null, terminal)}`);
    for (const letter of letters) terminal.print(`  ${letterLine(letter, store, terminal)}`);
    const rest = group.count - letters.length;
    if (rest > 0) {
      terminal.print(`  ${terminal.pick(`ほか${rest}件`, `and ${rest} more`)}: musubi dead list --code ${group.code}`);
    }
  }
  return 0;
}

function letterLine(
  { id, kind, state, connection, what, atMs }: DeadLetter,
  { timeText }: StoreAtHand,
  terminal: Terminal,
): string {
  const label = kind === 'effect' ? terminal.pick('送信', 'effect') : terminal.pick('受信', 'event');
  return `${id}  ${timeText(atMs)}  ${label}  ${connection}.${what}${state === 'unknown' ? terminal.pick('  結果不明', '  outcome unknown') : ''}`;
}

/** `musubi dead show <id>`: everything known of one. */
export async function showDead(store: StoreAtHand, terminal: Terminal, id: string): Promise<number> {
  const letter = await letterOf(store.db, id);
  return letter.kind === 'effect' ? showSend(store, terminal, id) : showEvent(store, terminal, id);
}

export interface RetryOptions {
  /** One letter, or all of them. */
  readonly what: string | 'all';
  readonly code?: string | undefined;
  readonly isEvenIfUnknown: boolean;
}

/** @throws ConfigError `dead_what` unless exactly one of an id and `--all` is given. */
export function retryOptions(id: string | undefined, isAll: boolean, more: Omit<RetryOptions, 'what'>): RetryOptions {
  if ((id === undefined) !== isAll) {
    const message = '[dead] name one id, or all of them with --all (and --code for one kind)';
    throw new ConfigError(message, { code: 'dead_what' });
  }
  return { what: id ?? 'all', ...more };
}

/**
 * `musubi dead retry <id>` or `--all [--code x]`: events are applied again, effects planned again. One whose answer was lost needs
 * `--even-if-unknown`: it may have arrived. Audited.
 */
export async function retryDead({ db, kind }: StoreAtHand, terminal: Terminal, options: RetryOptions): Promise<number> {
  const isAll = options.what === 'all';
  const letters = isAll
    ? await deadLetters(db, { code: options.code, limit: MOST_RETRIED })
    : [await letterOf(db, options.what)];
  const held = letters.filter((letter) => holdReason(letter, options, terminal) !== null);
  const revived = await revive(
    db,
    letters.filter((letter) => !held.includes(letter)),
  );
  showRetried(revived, held, kind, options, terminal);
  return held.length > 0 && !isAll ? 1 : 0;
}

async function revive(db: Database, letters: readonly DeadLetter[]): Promise<number> {
  const nowMs = (await openClock(db)).nowMs();
  let revived = 0;
  for (let at = 0; at < letters.length; at += BATCH) {
    const batch = letters.slice(at, at + BATCH);
    revived += await db.transaction(async (tx) => {
      const ids = await reviveLetters(tx, batch, nowMs);
      const entries = batch
        .filter(({ id }) => ids.has(id))
        .map(({ id, kind, code, state }) => ({
          actor: 'operator',
          action: 'dead:retry',
          subject: `${kind}:${id}`,
          detail: { code, state },
        }));
      await appendAudit(tx, entries);
      return ids.size;
    });
  }
  return revived;
}

/** Why a letter is not tried again as it is; null when nothing speaks against it. */
function holdReason(letter: DeadLetter, { isEvenIfUnknown }: RetryOptions, terminal: Terminal): string | null {
  if (!letter.isWhole) {
    return terminal.pick(
      '送る内容が完成していないため、再送できません。ルールまたはデータを直すと、次のイベントから正しく送られます。',
      'It was never complete, so there is nothing to send again: correct the rule or the data; the next event plans it anew.',
    );
  }
  if (letter.state === 'dead' || isEvenIfUnknown) return null;
  const risk = letter.class === null ? '' : riskOf(letter.class, terminal);
  return terminal.pick(
    `前回届いたかどうか分かりません。${risk}それでも送る場合は --even-if-unknown を付けてください。`,
    `It may have arrived. ${risk} Send it all the same with --even-if-unknown.`,
  );
}

function showRetried(
  revived: number,
  held: readonly DeadLetter[],
  kind: StoreAtHand['kind'],
  options: RetryOptions,
  terminal: Terminal,
): void {
  for (const letter of held.slice(0, MOST_SHOWN)) {
    terminal.print(`${letter.id}  ${letter.connection}.${letter.what}: ${holdReason(letter, options, terminal)}`);
  }
  if (revived === 0) {
    terminal.say('再実行の対象はありません。', 'Nothing was planned again.');
    return;
  }
  const when =
    kind === 'pglite'
      ? terminal.pick('次にハブを起動したときに処理されます。', 'They are taken up when the hub starts.')
      : terminal.pick('実行中のハブが数秒で処理します。', 'A running hub takes them up within seconds.');
  terminal.say(`${revived}件を再実行に回しました。${when}`, `${revived} planned again. ${when}`);
}

async function letterOf(db: Database, id: string): Promise<DeadLetter> {
  const [letter] = isUuid(id) ? await deadLetters(db, { ids: [id], limit: 1 }) : [];
  if (!letter)
    throw new ConfigError(`[dead] no dead letter ${id}: see musubi dead list`, { code: 'dead_letter_unknown' });
  return letter;
}
