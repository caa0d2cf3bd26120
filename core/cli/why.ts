import { listAllowed, suggest } from '../config/suggest.ts';
import { type EntityType, entityTypes } from '../model/entities.ts';
import { ConfigError } from '../sdk/errors.ts';
import { isStoredEntityType, type StoredEntityType } from '../store/entities.ts';
import type { Terminal } from './terminal.ts';
import { showEntity } from './why-entity.ts';
import { showEvent } from './why-event.ts';
import { showSend } from './why-send.ts';
import type { StoreAtHand } from './with-store.ts';

export interface Question {
  readonly about: 'send' | 'event' | StoredEntityType;
  readonly id: string;
  readonly field: string | null;
}

/**
 * Reads `person <id> [field]`, `send <id>`, `event <id>`, `deal <id>` …; also written `person:<id>`.
 * @throws ConfigError `why_what`
 */
export function readQuestion(words: readonly string[]): Question {
  const [subject = '', id, field] = splitSubject(words);
  const about = aboutOf(subject);
  if (about && id !== undefined) return { about, id, field: field ?? null };
  const stored = entityTypes.filter((type) => type !== 'person' && isStoredEntityType(type));
  const known = ['person', 'send', 'event', ...stored];
  const hint = about ? undefined : suggest(subject, known);
  throw new ConfigError(
    `[why] expected one of ${listAllowed(known)} and an id, e.g. musubi why person hanako@example.co.jp email${hint ? ` (${hint})` : ''}`,
    { code: 'why_what' },
  );
}

/** `musubi why`: where a value, a message or an outcome comes from. @throws ConfigError `why_unknown` */
export function why(store: StoreAtHand, terminal: Terminal, { about, id, field }: Question): Promise<number> {
  if (about === 'send') return showSend(store, terminal, id);
  if (about === 'event') return showEvent(store, terminal, id);
  return showEntity(store, terminal, { type: about, id, field });
}

/** `person:019a…` is `person 019a…`. */
function splitSubject([first = '', ...rest]: readonly string[]): readonly string[] {
  const colon = first.indexOf(':');
  return colon < 0 ? [first, ...rest] : [first.slice(0, colon), first.slice(colon + 1), ...rest];
}

function aboutOf(subject: string): Question['about'] | undefined {
  if (subject === 'send' || subject === 'event') return subject;
  const type = entityTypes.find((one: EntityType) => one === subject);
  return type !== undefined && isStoredEntityType(type) ? type : undefined;
}
