import { type PGlite, protocol } from '@electric-sql/pglite';
import pg from 'pg';
import type { Field, Notification, QueryConfig, QueryResult } from './pool-types.ts';
import { typeParsers } from './type-parsers.ts';

type Message = Awaited<ReturnType<PGlite['execProtocolStream']>>[number];
type MessageOf<K extends keyof typeof protocol.messages> = (typeof protocol.messages)[K] extends new (
  ...args: never[]
) => infer M
  ? M
  : never;

/** Idle, in a transaction, in a failed transaction: the status byte of ReadyForQuery. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** What the database said to one statement text. */
export interface Answer {
  /** Of the last statement. */
  readonly result: QueryResult<unknown>;
  readonly error: pg.DatabaseError | undefined;
  /** Undefined when the database broke off. */
  readonly status: TransactionStatus | undefined;
  readonly commands: readonly string[];
  readonly notifications: readonly Notification[];
}

const { serialize } = protocol;

/** pg's own conversion of parameters, so that both stores get the same bytes; its types leave `utils` out. */
const { prepareValue } = (pg as unknown as { utils: { prepareValue: (value: unknown) => string | Buffer | null } })
  .utils;

/**
 * The messages of one statement, all in one round: entering the database costs more than a trivial statement does.
 * Simple protocol without values and name, extended otherwise, as pg chooses.
 * @see https://www.postgresql.org/docs/current/protocol-flow.html
 */
export function encodeStatement(query: QueryConfig, prepared?: { name: string; isKnown: boolean }): Uint8Array {
  const { text, values = [] } = query;
  if (values.length === 0 && prepared === undefined) return serialize.query(text);
  const name = prepared?.name ?? '';
  const isParsed = prepared?.isKnown ?? false;
  return Buffer.concat([
    ...(isParsed ? [] : [serialize.close({ type: 'S', name }), serialize.parse({ name, text })]),
    serialize.bind({ statement: name, values: values.map((value) => prepareValue(value)) }),
    serialize.describe({ type: 'P' }),
    serialize.execute(),
    serialize.sync(),
  ]);
}

/** Reads the answer as pg would. */
export function decodeAnswer(messages: readonly Message[], rowMode?: 'array'): Answer {
  let result = emptyResult();
  let open = emptyResult();
  let readRow = rowReader([], rowMode);
  let error: pg.DatabaseError | undefined;
  let status: TransactionStatus | undefined;
  const commands: string[] = [];
  const notifications: Notification[] = [];
  for (const message of messages) {
    switch (message.name) {
      case 'rowDescription':
        open.fields = (message as MessageOf<'RowDescriptionMessage'>).fields;
        readRow = rowReader(open.fields, rowMode);
        break;
      case 'dataRow':
        open.rows.push(readRow((message as MessageOf<'DataRowMessage'>).fields));
        break;
      case 'commandComplete':
        result = { ...open, ...readTag((message as MessageOf<'CommandCompleteMessage'>).text) };
        commands.push(result.command);
        open = emptyResult();
        break;
      case 'error':
        error ??= asPgError(message as MessageOf<'DatabaseError'>);
        break;
      case 'notification': {
        const { channel, payload, processId } = message as MessageOf<'NotificationResponseMessage'>;
        notifications.push({ channel, payload, processId });
        break;
      }
      case 'readyForQuery':
        status = (message as MessageOf<'ReadyForQueryMessage'>).status as TransactionStatus;
        break;
    }
  }
  return { result, error, status, commands, notifications };
}

interface OpenResult {
  rows: unknown[];
  fields: readonly Field[];
  command: string;
  rowCount: number | null;
}

const emptyResult = (): OpenResult => ({ rows: [], fields: [], command: '', rowCount: null });

type ReadRow = (texts: readonly (string | null)[]) => unknown;

function rowReader(fields: readonly Field[], rowMode: 'array' | undefined): ReadRow {
  const parsers = fields.map(
    (field) => typeParsers.getTypeParser(field.dataTypeID as never) as (text: string) => unknown,
  );
  const parse = (text: string | null, at: number) => (text === null ? null : parsers[at]?.(text));
  if (rowMode === 'array') return (texts) => texts.map(parse);
  const names = fields.map((field) => field.name);
  // A row starts as a copy of one with every column, as in pg: rows share one hidden class, and a column may have any name.
  const blank = Object.fromEntries(names.map((name) => [name, null]));
  return (texts) => {
    const row: Record<string, unknown> = { ...blank };
    for (let at = 0; at < names.length; at++) row[names[at] as string] = parse(texts[at] ?? null, at);
    return row;
  };
}

/** 'INSERT 0 3' → INSERT, 3; 'SELECT 2' → SELECT, 2; 'CREATE TABLE' → CREATE, null. */
function readTag(tag: string): { command: string; rowCount: number | null } {
  const [, command = tag, ...counts] = /^([A-Za-z]+)(?: (\d+))?(?: (\d+))?/.exec(tag) ?? [];
  const count = counts[1] ?? counts[0];
  return { command, rowCount: count === undefined ? null : Number(count) };
}

const ERROR_FIELDS = [
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

function asPgError(message: MessageOf<'DatabaseError'>): pg.DatabaseError {
  const error = new pg.DatabaseError(message.message, message.length, 'error');
  for (const field of ERROR_FIELDS) error[field] = message[field];
  return error;
}
