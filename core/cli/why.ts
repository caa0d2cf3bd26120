import { listAllowed, suggest } from '../config/suggest.ts';
import { type EntityType, entityTypes } from '../model/entities.ts';
import { ConfigError } from '../sdk/errors.ts';
import { isStoredEntityType, type StoredEntityType } from '../store/entities.ts';
import type { CommandContext } from './command-context.ts';
import { showEntity } from './why-entity.ts';
import { showEvent } from './why-event.ts';
import { showSend } from './why-send.ts';
import { withStore } from './with-store.ts';

/**
 * `musubi why person <id> [field]`, `why send <id>`, `why event <id>`; also written `person:<id>`. Answers where a value, a message
 * or an outcome comes from.
 * @throws ConfigError `why_what`
 */
export async function why(context: CommandContext, words: readonly string[]): Promise<number> {
  const [subject = '', id, field] = splitSubject(words);
  const show = showOf(subject);
  if (!show || id === undefined) {
    const known = [
      'person',
      'send',
      'event',
      ...entityTypes.filter((type) => type !== 'person' && isStoredEntityType(type)),
    ];
    const hint = show ? undefined : suggest(subject, known);
    throw new ConfigError(
      `[why] expected one of ${listAllowed(known)} and an id, e.g. musubi why person hanako@example.co.jp email${hint ? ` (${hint})` : ''}`,
      { code: 'why_what' },
    );
  }
  return withStore(context, { create: false }, (store) => {
    if (show === 'send') return showSend(store, context.terminal, id);
    if (show === 'event') return showEvent(store, context.terminal, id);
    return showEntity(store, context.terminal, { type: show, id, field: field ?? null });
  });
}

/** `person:019a…` is `person 019a…`. */
function splitSubject([first = '', ...rest]: readonly string[]): readonly string[] {
  const colon = first.indexOf(':');
  return colon < 0 ? [first, ...rest] : [first.slice(0, colon), first.slice(colon + 1), ...rest];
}

function showOf(subject: string): 'send' | 'event' | StoredEntityType | undefined {
  if (subject === 'send' || subject === 'event') return subject;
  const type = entityTypes.find((one: EntityType) => one === subject);
  return type !== undefined && isStoredEntityType(type) ? type : undefined;
}
